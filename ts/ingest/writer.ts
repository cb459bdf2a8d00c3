import { CanopyError } from '../engine/error.js'
import { parse } from '../engine/json.js'
import { graphsOf } from '../graphs/explain.js'
import type { GraphBatch, StoredGraph } from '../graphs/store.js'
import type { AnyDatabase } from '../stores/any.js'
import type { Breaker } from './breaker.js'

/** Where records go. */
export interface Writer {
  /** Stores a JSON array of records, replacing those that are there: doing it twice is the same as once. */
  write(target: string, records: Buffer, signal: AbortSignal): Promise<void>
}

/** Breakers around what is written to, where that is a server. */
export interface Breakers {
  records?: Breaker | undefined
  graphs?: Breaker | undefined
}

/** What a graph is called among targets; no collection is called so. */
const GRAPH = 'graph/'

/** The target of what goes into a graph. */
export const graphTarget = (graph: string): string => GRAPH + graph

/** The breaker that a target stands behind. */
export const breakerOf = (target: string, { records, graphs }: Breakers): Breaker | undefined => (target.startsWith(GRAPH) ? graphs : records)

/** Writes to the collections and the graphs of a database. A server that doesn't answer within `timeoutMs` counts as away. */
export function writerOf(db: AnyDatabase, breakers: Breakers, timeoutMs: number): Writer {
  const graphs = new Map<string, StoredGraph>()
  const store = async (target: string, records: Buffer, signal: AbortSignal): Promise<void> => {
    if (!target.startsWith(GRAPH)) {
      const collection = await db.collection(target)
      await collection.putJson(records, 'upsert', { signal })
      return
    }
    // Looked up once: whether it is still there is said by the write.
    const graph = graphs.get(target) ?? (await graphsOf(db).graph(target.slice(GRAPH.length)))
    graphs.set(target, graph)
    await graph.writeBatch(batchOf(parse<unknown[]>(records)), { signal, once: true })
  }
  return {
    async write(target, records, signal) {
      const breaker = breakerOf(target, breakers)
      await (breaker === undefined ? store(target, records, signal) : breaker.run(() => within(timeoutMs, signal, target, (own) => store(target, records, own))))
    },
  }
}

/** How long work that was cancelled may take to end. */
const GRACE_MS = 2_000

/** Waits no longer than `ms` for work, whatever becomes of it: a connection of which nothing comes, not even its end, would keep it for ever. */
async function within(ms: number, signal: AbortSignal, target: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const limit = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const over = new Promise<never>((_, reject) => {
    const late = (): void => {
      const error = new CanopyError('WRITE_TIMEOUT', 'unavailable', `${JSON.stringify(target)} was not written within ${ms} ms: see whether its server hangs, or raise ingest.writeTimeoutMs`)
      limit.abort(error)
      reject(error)
    }
    timers.push(setTimeout(late, ms))
    signal.addEventListener('abort', () => timers.push(setTimeout(() => reject(signal.reason as Error), GRACE_MS)), { once: true, signal: limit.signal })
  })
  const working = work(AbortSignal.any([signal, limit.signal]))
  working.catch(() => undefined)
  try {
    await Promise.race([working, over])
  } finally {
    timers.forEach(clearTimeout)
    over.catch(() => undefined)
    // Takes the listener away.
    limit.abort()
  }
}

/** Items of a graph by what they are: what has ends is an edge, what has members a hyperedge, anything else a node. */
function batchOf(items: readonly unknown[]): GraphBatch {
  const batch = { nodes: [] as unknown[], edges: [] as unknown[], hyperedges: [] as unknown[] }
  for (const item of items) {
    if (typeof item !== 'object' || item === null) throw new CanopyError('GRAPH_BATCH', 'invalid_input', 'each item must be an object: { id }, { source, target } or { id, members }')
    if ('source' in item || 'target' in item) {
      // The queue names everything.
      const { id, ...edge } = item as { id?: unknown }
      void id
      batch.edges.push(edge)
    } else if ('members' in item) batch.hyperedges.push(item)
    else batch.nodes.push(item)
  }
  // What else is wrong with them is the store's to say.
  return batch as GraphBatch
}
