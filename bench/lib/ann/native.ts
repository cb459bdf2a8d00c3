import { spawnSync } from 'node:child_process'
import { at } from '../paths.js'
import { say } from '../result.js'
import type { VectorSet } from './sets.js'

/** A way of searching, measured: milliseconds of one search at a time, the recall at `k`, and what else was asked. */
export interface Point {
  k: number
  recall_10?: number
  recall_100_at_100?: number
  recall_1_at_100?: number
  p50_ms: number
  p95_ms: number
  p99_ms?: number
  /** Searches a second on one thread, and on all. */
  qps_1?: number
  qps_all?: number
  ef?: number
  rerank?: number
}

/** A part of the vectors is allowed. */
export interface Filtered {
  one_in: number
  recall_10: number
  p50_ms: number
  p95_ms: number
}

/** What the example of the crate prints. */
export interface Native {
  n: number
  dim: number
  walk_dim: number
  build_s: number
  /** Of all threads: what the build costs while other programs use the cores, too. */
  build_cpu_s: number
  bytes: number
  graph_bytes: number
  rss_bytes: number
  threads: number
  points: Point[]
  filters: Filtered[]
  file: { bytes: number; save_ms: number; open_ms: number; first_ms: number; check_ms: number }
  /** Inverted lists, the pipeline and `hnsw_rs`, each of its points a row. */
  peers?: Array<{ name: string; k: number; breadth: number; recall_k: number; recall_1_at_k: number; p50_ms: number; p95_ms: number; build_s: number; bytes: number }>
}

/** Builds and measures our index in Rust, and leaves vectors, queries, true neighbours and the index in `folder`. */
export function native(set: VectorSet, queries: number, peers: { ways: boolean; reference: boolean }, folder: string): Native {
  say('our index from Rust, by cargo (the first time it is compiled)')
  const asked = [...set.args, '--metric', set.metric, '--queries', String(queries), '--filters', '--file', '--dump', folder]
  const ways = peers.ways ? ['--peers', ...(peers.reference ? [] : ['--no-reference'])] : []
  const args = ['run', '--release', '--quiet', '-p', 'canopy-ann', '--example', 'ann', '--', '--data', ...asked, ...ways]
  const { status, stdout } = spawnSync('cargo', args, { cwd: at(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 << 20 })
  if (status !== 0) throw new Error(`cargo ended with ${status}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Native
}
