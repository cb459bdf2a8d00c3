import { createHash } from 'node:crypto'
import { CanopyError } from '../../../engine/error.js'
import type { GraphId } from '../../../graphs/store.js'
import { quoted, type Neo4jConnection, type Run } from '../connection.js'
import { idText, shown, within } from './check.js'
import type { Entry } from './entry.js'

/** What a vector index is. */
export interface Neo4jVectorSpec {
  /** Numbers a vector, 1 to 4,096. */
  dim: number
  /** How two are compared; default cosine. */
  similarity?: 'cosine' | 'euclidean' | undefined
}

/** A node and how near it is: 1 is the same, 0 the opposite (cosine) or infinitely far (euclidean). */
export interface Neo4jNeighbour {
  id: string
  score: number
}

const MOST_DIM = 4_096
const MOST = 10_000
const CHUNK = 1_000

/** What the index of a graph and the label of its nodes with vectors are called: each graph has its own, so that a search finds as many nodes of this graph as were asked for. */
const nameOf = (key: string): string => `canopy_vectors_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`

/** Makes the index of a graph where there is none, and waits until it can be searched. */
export async function makeIndex(connection: Neo4jConnection, { key }: Entry, { dim, similarity = 'cosine' }: Neo4jVectorSpec): Promise<void> {
  within('dim', dim, 1, MOST_DIM)
  const name = nameOf(key)
  await connection.schema(`CREATE VECTOR INDEX ${name} IF NOT EXISTS FOR (n:${quoted(name)}) ON (n.vector) OPTIONS {indexConfig: {\`vector.dimensions\`: ${dim}, \`vector.similarity_function\`: '${similarity === 'euclidean' ? 'euclidean' : 'cosine'}'}}`)
  await connection.rows('CALL db.awaitIndex($name, 300)', { name }, { timeoutMs: 0 })
  const found = await dimOf(connection, key)
  if (found !== dim) throw new CanopyError('VECTOR_DIMENSION', 'conflict', `the graph has a vector index of ${found} numbers already, not of ${dim}: drop that one first`)
}

/** Forgets the index of a graph; its nodes keep their vectors until they go. */
export async function dropIndex(connection: Neo4jConnection, key: string): Promise<void> {
  await connection.schema(`DROP INDEX ${nameOf(key)} IF EXISTS`)
}

/** Gives nodes vectors, in the place of those they had. */
export async function keepVectors(connection: Neo4jConnection, run: Run, { key }: Entry, rows: ReadonlyArray<{ id: GraphId; vector: ArrayLike<number> }>): Promise<void> {
  const dim = await dimOf(connection, key)
  const label = quoted(nameOf(key))
  for (let start = 0; start < rows.length; start += CHUNK) {
    const part = rows.slice(start, start + CHUNK).map(({ id, vector }) => ({ id: idText(id), vector: checked(vector, dim) }))
    const found = await run<{ id: string }>(`UNWIND $part AS row MATCH (n:CanopyNode {graph: $key, id: row.id}) SET n:${label} WITH n, row CALL db.create.setNodeVectorProperty(n, 'vector', row.vector) RETURN n.id AS id`, { key, part })
    const there = new Set(found.map(({ id }) => id))
    const missing = part.find(({ id }) => !there.has(id))
    if (missing !== undefined) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `the graph has no node ${shown(missing.id)}: write the node before its vector`)
  }
}

/** The nodes whose vectors are nearest, nearest first. */
export async function nearestNodes(connection: Neo4jConnection, { key }: Entry, vector: ArrayLike<number>, limit: number, signal: AbortSignal | undefined): Promise<Neo4jNeighbour[]> {
  within('limit', limit, 1, MOST)
  const own = checked(vector, await dimOf(connection, key))
  return connection.rows<{ id: string; score: number }>('CALL db.index.vector.queryNodes($name, toInteger($limit), $own) YIELD node, score RETURN node.id AS id, score', { name: nameOf(key), limit, own }, { signal })
}

async function dimOf(connection: Neo4jConnection, key: string): Promise<number> {
  const [found] = await connection.rows<{ dim: number }>("SHOW VECTOR INDEXES YIELD name, options WHERE name = $name RETURN options.indexConfig['vector.dimensions'] AS dim", { name: nameOf(key) })
  if (found === undefined) throw new CanopyError('GRAPH_NO_VECTORS', 'conflict', 'this graph has no vector index: make one with createVectorIndex({ dim })')
  return found.dim
}

function checked(vector: ArrayLike<number>, dim: number): number[] {
  const numbers = Array.from(vector)
  if (numbers.length !== dim) throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `a vector has ${numbers.length} numbers, the index takes ${dim}`)
  const wrong = numbers.findIndex((value) => !Number.isFinite(value))
  if (wrong >= 0) throw new CanopyError('VECTOR_NOT_FINITE', 'invalid_input', `number ${wrong} of a vector is ${numbers[wrong]}: all must be finite`)
  return numbers
}
