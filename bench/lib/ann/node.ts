import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import { VectorIndex } from 'canopy-engine'
import { watched, type Blocking } from '../loop.js'
import { say } from '../result.js'
import { Rounds, round, type Timing } from '../time.js'
import { row } from '../vectors.js'
import type { Point } from './native.js'
import type { VectorSet } from './sets.js'

/** What a user of the library waits for. */
export interface FromNode {
  /** One awaited search at a time, at the same point as in Rust. */
  search: Timing
  /** Its median beyond that of the same search in Rust, in microseconds. */
  beyond_native_us: number
  /** 10,000 vectors put in, 100 a call. */
  inserts: Blocking & { seconds: number }
  /** Bytes of the process, with the index mapped. */
  rss_bytes: number
}

const INSERTS = 10_000
const BATCH = 100
/** Vectors of the index that the inserts go into. */
const BEFORE = 20_000

/** Opens the index that was measured in Rust and asks it again from here. */
export async function fromNode(set: VectorSet, folder: string, dim: number, native: Point, rounds: number): Promise<FromNode> {
  say('inserts from Node')
  // Before a large index is mapped: giving one back while inserts are watched holds the address space of all threads.
  const inserted = await inserts(set, folder, dim)
  say('the same index from Node')
  const queries = floats(readFileSync(path.join(folder, 'queries.f32')))
  const items = Array.from({ length: queries.length / dim }, (_, i) => row(queries, dim, i))
  const index = await VectorIndex.open(path.join(folder, 'canopy.index'))
  const options = { ef: native.ef, rerank: native.rerank }
  const all = new Rounds()
  // The first round brings the file's pages and warms the compiler up.
  for (let i = 0; i <= rounds; i += 1) await all.add(items, (query) => index.search(query, native.k, options))
  const rss_bytes = process.memoryUsage.rss()
  const search = all.best
  return { search, beyond_native_us: round((search.p50 - native.p50_ms) * 1000), inserts: inserted, rss_bytes }
}

async function inserts(set: VectorSet, folder: string, dim: number): Promise<FromNode['inserts']> {
  const base = head(path.join(folder, 'base.f32'), (BEFORE + INSERTS) * dim)
  const count = base.length / dim
  const before = Math.max(0, count - INSERTS)
  const index = await VectorIndex.build(base.slice(0, before * dim), { dim, metric: set.metric })
  const started = performance.now()
  const blocking = await watched(async () => {
    for (let at = before; at < count; at += BATCH) {
      const ids = Uint32Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => at + i)
      await index.upsert(ids, base.subarray(at * dim, (at + ids.length) * dim))
    }
  })
  return { ...blocking, seconds: round((performance.now() - started) / 1000) }
}

/** The first numbers of a file; fewer where it ends sooner. */
function head(file: string, count: number): Float32Array {
  const values = new Float32Array(count)
  const handle = openSync(file, 'r')
  try {
    return values.subarray(0, readSync(handle, values, 0, values.byteLength, 0) / 4)
  } finally {
    closeSync(handle)
  }
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}
