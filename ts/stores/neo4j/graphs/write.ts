import { setImmediate as turn } from 'node:timers/promises'
import type { GraphSummary } from '../../../graphs/store.js'
import type { Run } from '../connection.js'
import type { CheckedBatch } from './check.js'
import { summary, type Entry } from './entry.js'

/** Rows of one statement: enough to make round trips cheap, few enough that packing them holds the event loop for a millisecond or two. */
const CHUNK = 512
/** Statements that are on their way at once: the server has the next one when it has answered one. */
const AHEAD = 2

/** What a transaction has changed so far. */
interface Tally {
  nodes: number
  edges: number
  hyperedges: number
  changed: boolean
}

/**
 * Applies a batch to the graph that `entry` tells of, whose node this transaction has locked: writers of one graph go one after the other, so
 * that counters and the numbers of edges are right and two that name the same nodes can't block each other.
 *
 * What is alike stands in one list a column: maps would say the names of their fields again for each row, which took two fifths of packing them.
 */
export async function applyBatch(run: Run, entry: Entry, batch: CheckedBatch, onChunk: (rows: number) => void): Promise<GraphSummary> {
  const { key, directed } = entry
  const tally: Tally = { nodes: 0, edges: 0, hyperedges: 0, changed: false }
  const each = async <T>(rows: readonly T[], work: (rows: readonly T[]) => Promise<void>, counted = true): Promise<void> => {
    const under: Array<Promise<void>> = []
    try {
      for (let start = 0; start < rows.length; start += CHUNK) {
        const part = rows.slice(start, start + CHUNK)
        const statement = work(part).then(() => (counted ? onChunk(part.length) : undefined))
        // It may fail before it is waited for.
        statement.catch(() => undefined)
        under.push(statement)
        if (under.length < AHEAD) await turn()
        else await under.shift()
      }
      await Promise.all(under)
    } catch (error) {
      // Those behind one that failed fail with it.
      await Promise.allSettled(under)
      throw error
    }
  }
  // An undirected edge starts at the end that was made first.
  const order = directed ? '' : 'WITH weight, attributes, number, CASE WHEN a.number <= b.number THEN [a, b] ELSE [b, a] END AS ends WITH weight, attributes, number, ends[0] AS a, ends[1] AS b'
  const edge = directed ? '-[r:CANOPY_EDGE]->' : '-[r:CANOPY_EDGE]-'
  const count = async (text: string, rows: readonly unknown[]): Promise<number> => (await run<{ n: number }>(text, { key, rows }))[0]?.n ?? 0

  await each(batch.remove.nodes, async (rows) => {
    tally.edges -= await count('UNWIND $rows AS id MATCH (:CanopyNode {graph: $key, id: id})-[r:CANOPY_EDGE]-() WITH DISTINCT r DELETE r RETURN count(*) AS n', rows)
    tally.nodes -= await count('UNWIND $rows AS id MATCH (n:CanopyNode {graph: $key, id: id}) WITH DISTINCT n DETACH DELETE n RETURN count(*) AS n', rows)
  })
  await each(batch.remove.edges, async (rows) => {
    tally.edges -= await count(`UNWIND $rows AS row MATCH (a:CanopyNode {graph: $key, id: row.source}) MATCH (b:CanopyNode {graph: $key, id: row.target}) MATCH (a)${edge}(b) WITH DISTINCT r DELETE r RETURN count(*) AS n`, rows)
  })
  await each(batch.remove.hyperedges, async (rows) => {
    tally.hyperedges -= await count('UNWIND $rows AS id MATCH (h:CanopyHyperedge {graph: $key, id: id}) WITH DISTINCT h DETACH DELETE h RETURN count(*) AS n', rows)
  })

  let next = entry.next
  /** So many numbers in a row; the first of them. */
  const numbers = (count: number): number => (next += count) - count
  await each(batch.nodes, async (part) => {
    const found = await run<{ n: number }>(
      `UNWIND range(0, size($ids) - 1) AS i WITH $ids[i] AS id, $attributes[i] AS attributes, $first + i AS number
       MERGE (n:CanopyNode {graph: $key, id: id}) ON CREATE SET n.attributes = attributes, n.number = number
       WITH n, attributes WHERE n.attributes <> attributes SET n.attributes = attributes RETURN count(*) AS n`,
      { key, ids: part.map(({ id }) => id), attributes: part.map(({ attributes }) => attributes), first: numbers(part.length) },
    )
    tally.nodes += found.changes['nodesCreated'] ?? 0
    tally.changed ||= (found[0]?.n ?? 0) > 0
  })
  const named = new Set([...batch.edges.flatMap(({ source, target }) => [source, target]), ...batch.hyperedges.flatMap(({ members }) => members)])
  for (const { id } of batch.nodes) named.delete(id)
  await each([...named], async (part) => {
    const made = await run("UNWIND range(0, size($ids) - 1) AS i MERGE (n:CanopyNode {graph: $key, id: $ids[i]}) ON CREATE SET n.attributes = '{}', n.number = $first + i", { key, ids: part, first: numbers(part.length) })
    tally.nodes += made.changes['nodesCreated'] ?? 0
  }, false)

  await each(batch.edges, async (part) => {
    const found = await run<{ n: number }>(
      `UNWIND range(0, size($sources) - 1) AS i WITH $sources[i] AS source, $targets[i] AS target, $weights[i] AS weight, $attributes[i] AS attributes, $first + i AS number
       MATCH (a:CanopyNode {graph: $key, id: source}) MATCH (b:CanopyNode {graph: $key, id: target}) ${order} MERGE (a)${edge}(b)
       ON CREATE SET r.graph = $key, r.number = number, r.weight = weight, r.attributes = attributes
       WITH r, weight, attributes WHERE r.weight <> weight OR r.attributes <> attributes SET r.weight = weight, r.attributes = attributes RETURN count(*) AS n`,
      { key, sources: part.map(({ source }) => source), targets: part.map(({ target }) => target), weights: part.map(({ weight }) => weight), attributes: part.map((row) => row.attributes), first: numbers(part.length) },
    )
    tally.edges += found.changes['relationshipsCreated'] ?? 0
    tally.changed ||= (found[0]?.n ?? 0) > 0 || (found.changes['relationshipsCreated'] ?? 0) > 0
  })

  await each(batch.hyperedges, async (rows) => {
    const made = await run('UNWIND $rows AS row MERGE (h:CanopyHyperedge {graph: $key, id: row.id}) SET h.attributes = row.attributes', { key, rows })
    await run('UNWIND $rows AS row MATCH (:CanopyHyperedge {graph: $key, id: row.id})-[m:CANOPY_MEMBER]->() DELETE m', { key, rows })
    await run('UNWIND $rows AS row MATCH (h:CanopyHyperedge {graph: $key, id: row.id}) UNWIND row.members AS id MATCH (n:CanopyNode {graph: $key, id: id}) CREATE (h)-[:CANOPY_MEMBER]->(n)', { key, rows })
    tally.hyperedges += made.changes['nodesCreated'] ?? 0
    tally.changed = true
  })

  const changed = tally.changed || tally.nodes !== 0 || tally.edges !== 0 || tally.hyperedges !== 0
  const after = { ...entry, nodes: entry.nodes + tally.nodes, edges: entry.edges + tally.edges, hyperedges: entry.hyperedges + tally.hyperedges, version: entry.version + Number(changed), next }
  await run('MATCH (g:CanopyGraph {key: $key}) SET g.nodes = $nodes, g.edges = $edges, g.hyperedges = $hyperedges, g.version = $version, g.next = $next', after)
  return summary(after)
}
