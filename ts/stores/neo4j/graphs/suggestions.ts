import { CanopyError } from '../../../engine/error.js'
import type { GraphSuggestion, SuggestionKind } from '../../../graphs/store.js'
import type { Run } from '../connection.js'
import { idText, shown } from './check.js'
import type { Entry } from './entry.js'

const CHUNK = 5_000
const TYPES: Readonly<Record<SuggestionKind, string>> = { aa: 'SUGGESTED_AA', hyper_aa: 'SUGGESTED_HYPER_AA' }

/** Types of relationships that hold suggestions. */
export const SUGGESTION_TYPES = Object.values(TYPES)

/**
 * Keeps suggestions in the place of those that were there. `startNodeId` is the lower one. The ids in relationships carry the graph's key in
 * front: the constraint of `2025-07-haa_index` knows no graphs, and two may hold the same pair.
 */
export async function keepSuggestions(run: Run, { key }: Entry, kind: SuggestionKind, pairs: readonly GraphSuggestion[]): Promise<void> {
  const type = TYPES[kind]
  await run(`MATCH ()-[r:${type}]->() WHERE r.graph = $key DELETE r`, { key })
  const best = new Map<string, GraphSuggestion>()
  for (const { source, target, score } of pairs) {
    if (!Number.isFinite(score)) throw new CanopyError('GRAPH_OPTION', 'invalid_input', `score is ${score}: send a finite number`)
    const [low, high] = [idText(source), idText(target)].toSorted(byUnits) as [string, string]
    const pair = JSON.stringify([low, high])
    if ((best.get(pair)?.score ?? Number.NEGATIVE_INFINITY) < score) best.set(pair, { source: low, target: high, score })
  }
  const rows = [...best.values()]
  for (let start = 0; start < rows.length; start += CHUNK) {
    await run(
      `UNWIND $rows AS row MATCH (a:CanopyNode {graph: $key, id: row.source}) MATCH (b:CanopyNode {graph: $key, id: row.target})
       CREATE (a)-[:${type} {graph: $key, startNodeId: $key + '/' + row.source, endNodeId: $key + '/' + row.target, score: row.score}]->(b)`,
      { key, rows: rows.slice(start, start + CHUNK) },
    )
  }
}

/** Kept suggestions by falling score. */
export async function readSuggestions(run: Run, { key, name }: Entry, kind: SuggestionKind, node: string | undefined, limit: number): Promise<GraphSuggestion[]> {
  const rest = 'RETURN a.id AS source, b.id AS target, r.score AS score ORDER BY score DESC, source, target LIMIT toInteger($limit)'
  if (node === undefined) return [...(await run<GraphSuggestion & Record<string, unknown>>(`MATCH (a)-[r:${TYPES[kind]}]->(b) WHERE r.graph = $key ${rest}`, { key, limit }))]
  const there = await run('MATCH (n:CanopyNode {graph: $key, id: $node}) RETURN 1 AS one', { key, node })
  if (there.length === 0) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `graph ${shown(name)} has no node ${shown(node)}`)
  return [...(await run<GraphSuggestion & Record<string, unknown>>(`MATCH (:CanopyNode {graph: $key, id: $node})-[r:${TYPES[kind]}]-() WITH r, startNode(r) AS a, endNode(r) AS b ${rest}`, { key, node, limit }))]
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : 1)
