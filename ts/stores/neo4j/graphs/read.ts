import { CanopyError } from '../../../engine/error.js'
import type { Metadata } from '../../../engine/types.js'
import type { GraphColumns, GraphEdge, GraphHyperedge, GraphNeighbourhood, GraphNode, GraphPage } from '../../../graphs/store.js'
import type { Neo4jConnection, Run } from '../connection.js'
import { shown } from './check.js'
import type { Entry } from './entry.js'

/** Where a page starts, and how many it holds. */
export interface Place {
  after: string | undefined
  limit: number
}

interface StoredEdge {
  source: string
  target: string
  weight: number
  attributes: string
}

const EDGE = 'a.id AS source, b.id AS target, r.weight AS weight, r.attributes AS attributes'

/** Nodes by their ids. */
export async function nodePage(run: Run, { key }: Entry, { after, limit }: Place): Promise<GraphPage<GraphNode>> {
  const rows = await run<{ id: string; attributes: string }>('MATCH (n:CanopyNode) WHERE n.graph = $key AND n.id > $after RETURN n.id AS id, n.attributes AS attributes ORDER BY n.id LIMIT toInteger($most)', { key, after: after ?? '', most: limit + 1 })
  return page(rows, limit, ({ id }) => id, ({ id, attributes }) => ({ id, attributes: parsed(attributes) }))
}

/** Edges in the order in which they were made. */
export async function edgePage(run: Run, { key }: Entry, { after, limit }: Place): Promise<GraphPage<GraphEdge>> {
  const rows = await run<StoredEdge & { number: number }>(`MATCH (a)-[r:CANOPY_EDGE]->(b) WHERE r.graph = $key AND r.number > $after RETURN ${EDGE}, r.number AS number ORDER BY r.number LIMIT toInteger($most)`, { key, after: cursor(after), most: limit + 1 })
  return page(rows, limit, ({ number }) => String(number), edge)
}

/** Hyperedges by their ids. */
export async function hyperedgePage(run: Run, { key }: Entry, { after, limit }: Place): Promise<GraphPage<GraphHyperedge>> {
  const rows = await run<{ id: string; attributes: string; members: string[] }>(
    `MATCH (h:CanopyHyperedge) WHERE h.graph = $key AND h.id > $after WITH h ORDER BY h.id LIMIT toInteger($most)
     RETURN h.id AS id, h.attributes AS attributes, COLLECT { MATCH (h)-[:CANOPY_MEMBER]->(n) RETURN n.id } AS members ORDER BY id`,
    { key, after: after ?? '', most: limit + 1 },
  )
  return page(rows, limit, ({ id }) => id, ({ id, members, attributes }) => ({ id, members, attributes: parsed(attributes) }))
}

/** What lies within some hops, one statement a hop; a node's neighbours come in the order in which their edges were made. */
export async function around(run: Run, { key, name }: Entry, ids: readonly string[], hops: number, limit: number): Promise<GraphNeighbourhood> {
  const found = new Map<string, number>()
  const there = await run<{ id: string }>('UNWIND $ids AS id MATCH (n:CanopyNode {graph: $key, id: id}) RETURN n.id AS id', { key, ids })
  for (const id of ids) {
    if (!there.some((node) => node.id === id)) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `graph ${shown(name)} has no node ${shown(id)}`)
    found.set(id, 0)
  }
  let truncated = false
  let front = [...found.keys()]
  for (let hop = 1; hop <= hops && front.length > 0 && !truncated; hop += 1) {
    const rows = await run<{ id: string }>(
      `UNWIND range(0, size($front) - 1) AS place MATCH (:CanopyNode {graph: $key, id: $front[place]})-[r:CANOPY_EDGE]-(m) WHERE NOT m.id IN $found
       WITH m.id AS id, min([place, r.number]) AS first RETURN id ORDER BY first LIMIT toInteger($most)`,
      { key, front, found: [...found.keys()], most: limit - found.size + 1 },
    )
    truncated = found.size + rows.length > limit
    front = rows.slice(0, limit - found.size).map(({ id }) => id)
    for (const id of front) found.set(id, hop)
  }
  const all = [...found.keys()]
  const nodes = await run<{ id: string; attributes: string }>('UNWIND $all AS id MATCH (n:CanopyNode {graph: $key, id: id}) RETURN n.id AS id, n.attributes AS attributes', { key, all })
  const attributes = new Map(nodes.map((node) => [node.id, node.attributes]))
  const edges = await run<StoredEdge>(`UNWIND $all AS id MATCH (a:CanopyNode {graph: $key, id: id})-[r:CANOPY_EDGE]->(b) WHERE b.id IN $all RETURN ${EDGE} ORDER BY r.number`, { key, all })
  return { nodes: [...found].map(([id, hop]) => ({ id, hop, attributes: parsed(attributes.get(id) ?? '{}') })), edges: edges.map(edge), truncated }
}

/** All of a graph by columns. */
export async function readColumns(connection: Neo4jConnection, { key, version, edges: count }: Entry, signal: AbortSignal | undefined): Promise<GraphColumns> {
  const options = { timeoutMs: 0, signal }
  const ids: string[] = []
  for await (const { id } of connection.stream<{ id: string }>('MATCH (n:CanopyNode) WHERE n.graph = $key AND n.id > "" RETURN n.id AS id ORDER BY n.id', { key }, options)) ids.push(id)
  signal?.throwIfAborted()
  const numbers = new Map(ids.map((id, number) => [id, number]))
  const columns = { sources: new Uint32Array(count), targets: new Uint32Array(count), weights: new Float64Array(count) }
  let at = 0
  for await (const { source, target, weight } of connection.stream<StoredEdge>('MATCH (a)-[r:CANOPY_EDGE]->(b) WHERE r.graph = $key AND r.number >= 0 RETURN a.id AS source, b.id AS target, r.weight AS weight ORDER BY r.number', { key }, options)) {
    // More edges than there were: a batch came in between, and its version tells.
    if (at < count) {
      columns.sources[at] = numbers.get(source) ?? 0
      columns.targets[at] = numbers.get(target) ?? 0
      columns.weights[at] = weight
    }
    at += 1
  }
  signal?.throwIfAborted()
  const hyperedges = { ids: [] as string[], starts: [0], members: [] as number[] }
  const all = connection.stream<{ id: string; members: string[] }>('MATCH (h:CanopyHyperedge) WHERE h.graph = $key AND h.id > "" RETURN h.id AS id, COLLECT { MATCH (h)-[:CANOPY_MEMBER]->(n) RETURN n.id } AS members ORDER BY h.id', { key }, options)
  for await (const { id, members } of all) {
    hyperedges.ids.push(id)
    for (const member of members) hyperedges.members.push(numbers.get(member) ?? 0)
    hyperedges.starts.push(hyperedges.members.length)
  }
  return { ids, ...columns, hyperedges: { ids: hyperedges.ids, starts: Uint32Array.from(hyperedges.starts), members: Uint32Array.from(hyperedges.members) }, version }
}

function page<R, T>(rows: readonly R[], limit: number, place: (row: R) => string, shape: (row: R) => T): GraphPage<T> {
  const shownRows = rows.slice(0, limit)
  const last = shownRows.at(-1)
  return { items: shownRows.map(shape), next: rows.length > limit && last !== undefined ? place(last) : null }
}

function cursor(after: string | undefined): number {
  if (after === undefined) return -1
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw new CanopyError('GRAPH_OPTION', 'invalid_input', `after is ${shown(after)}: send the \`next\` of the page before`)
}

const edge = ({ source, target, weight, attributes }: StoredEdge): GraphEdge => ({ source, target, weight, attributes: parsed(attributes) })

const parsed = (attributes: string): Metadata => JSON.parse(attributes) as Metadata
