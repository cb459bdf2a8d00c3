import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { LongCallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import type { BestPq, TunePqOptions } from '../engine/graph.js'
import type { StoredGraph } from './store.js'

/** Where the best p and q of a kept graph are: a name may hold what no file's name can. */
export function bestPqPath(dir: string, graph: string): string {
  return path.join(dir, 'graphs', createHash('sha256').update(graph).digest('hex').slice(0, 32), 'best_pq.json')
}

/** Searches for the p and q of a kept graph; what was found stays in `best_pq.json` under `dir`, and a later search resumes from it. Throws `BEST_PQ_WRITE`, `NODE2VEC_TIME_LIMIT`. */
export async function tuneGraph(stored: StoredGraph, dir: string, options: Omit<TunePqOptions, keyof LongCallOptions>, call: LongCallOptions = {}): Promise<BestPq> {
  const { graph } = await stored.snapshot(call)
  const state = options.state ?? bestPqPath(dir, stored.name)
  if (options.state === undefined) {
    await mkdir(path.dirname(state), { recursive: true }).catch((error: Error) => {
      throw new CanopyError('BEST_PQ_WRITE', 'internal', `${state} can't be written: ${error.message}`)
    })
  }
  return graph.tunePq({ ...options, state, ...call })
}
