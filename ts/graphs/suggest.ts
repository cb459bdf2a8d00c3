import { setImmediate as turn } from 'node:timers/promises'
import type { CallOptions, LongCallOptions } from '../engine/cancel.js'
import { hyperAdamicAdar, type SuggestOptions, type Suggestions } from '../engine/graph.js'
import { EmbeddedGraph } from '../engine/stored-graph.js'
import type { GraphSuggestion, StoredGraph, SuggestionKind } from './store.js'

/** Pairs that are named before the event loop gets its turn. */
const SLICE = 4096

/**
 * Suggests links of a kept graph by common neighbours (`aa`) or common hyperedges (`hyper_aa`), best first, and keeps them in the place of
 * earlier ones of that kind.
 */
export async function suggestLinks(stored: StoredGraph, kind: SuggestionKind, { signal, onProgress, ...options }: SuggestOptions & LongCallOptions = {}): Promise<GraphSuggestion[]> {
  const { graph } = await stored.snapshot({ signal })
  const call = { ...options, signal, onProgress }
  const found = kind === 'aa' ? await graph.adamicAdar(call) : stored instanceof EmbeddedGraph ? await graph.hyperAdamicAdar(call) : await byColumns(stored, call)
  const ids = await graph.ids()
  const pairs: GraphSuggestion[] = []
  for (const [i, score] of found.scores.entries()) {
    if (i % SLICE === SLICE - 1) await turn()
    pairs.push({ source: ids[found.sources[i] ?? 0] ?? '', target: ids[found.targets[i] ?? 0] ?? '', score })
  }
  pairs.sort((a, b) => b.score - a.score)
  await stored.writeSuggestions(kind, pairs, { signal })
  return pairs
}

/** The same where a snapshot holds no hyperedges. */
async function byColumns(stored: StoredGraph, options: SuggestOptions): Promise<Suggestions> {
  const { nodes, lists } = await hyperedgeLists(stored, options)
  return hyperAdamicAdar(nodes, lists, options)
}

/** The nodes of each hyperedge, by number. @internal */
export async function hyperedgeLists(stored: StoredGraph, { signal }: CallOptions): Promise<{ nodes: number; lists: Uint32Array[] }> {
  const { ids, hyperedges: { starts, members } } = await stored.columns({ signal })
  return { nodes: ids.length, lists: Array.from({ length: starts.length - 1 }, (_, i) => members.subarray(starts[i], starts[i + 1])) }
}
