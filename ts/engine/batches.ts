import { setImmediate as turn } from 'node:timers/promises'
import type { RecordInput } from './types.js'
import { stringify } from './json.js'

// A transaction writes every page of the index of ids that it touches: 50,000 vectors with short texts take a fifth longer with 512 records
// in each than with 2,048. Where texts are still to be embedded that is nothing, and a small batch shows its progress sooner.
const RECORDS_PER_BATCH = 2048
const TEXTS_PER_BATCH = 512
const CHARACTERS_PER_BATCH = 1 << 20
// The event loop turns between the pieces of a batch. Serialising one takes under a millisecond, of the 5 that a call may block: a pause
// of the collector may come on top.
const RECORDS_PER_PIECE = 256
const CHARACTERS_PER_PIECE = 256 << 10

/** Records that cross the boundary in one call and are committed in one transaction. */
export interface Batch {
  records: readonly RecordInput[]
  json: Buffer
  /** Row-major vectors of all the batch's records, or null where none has one. */
  vectors: Float32Array | null
}

/**
 * Cuts records into batches; the event loop turns while one is made.
 *
 * A batch ends early where the next record has a vector of another length (or none), since a batch is all or nothing.
 * `matrix` holds the vectors of all records, row-major; batches are views of it.
 */
export async function* batches(records: readonly RecordInput[], matrix?: Float32Array): AsyncGenerator<Batch, undefined> {
  const dim = matrix === undefined || records.length === 0 ? 0 : matrix.length / records.length
  for (let start = 0; start < records.length; ) {
    const dims = matrix === undefined ? records[start]?.vector?.length : undefined
    const alike = (record: RecordInput | undefined): boolean => matrix !== undefined || record?.vector?.length === dims
    const most = matrix === undefined && dims === undefined ? TEXTS_PER_BATCH : RECORDS_PER_BATCH
    const end = reach(records, start, most, CHARACTERS_PER_BATCH, alike)
    const batch = records.slice(start, end)
    const own = dims === undefined ? null : new Float32Array(batch.length * dims)
    const json: string[] = []
    for (let at = 0; at < batch.length; ) {
      if (at > 0) await turn()
      const next = reach(batch, at, RECORDS_PER_PIECE, CHARACTERS_PER_PIECE)
      json.push(stringify(batch.slice(at, next).map(withoutVector)).slice(1, -1))
      for (; at < next; at += 1) own?.set(batch[at]?.vector ?? [], at * (dims ?? 0))
    }
    yield { records: batch, json: Buffer.from(`[${json.join(',')}]`), vectors: matrix?.subarray(start * dim, end * dim) ?? own }
    start = end
  }
}

/** Where a run of records from `start` ends: before one that isn't `alike`, or when there are `most`, or `characters` of text. */
function reach(
  records: readonly RecordInput[],
  start: number,
  most: number,
  characters: number,
  alike?: (record?: RecordInput) => boolean,
): number {
  const stop = Math.min(start + most, records.length)
  let [end, seen] = [start, 0]
  for (; end < stop && seen < characters; end += 1) {
    const record = records[end]
    if (alike?.(record) === false) break
    seen += typeof record?.text === 'string' ? record.text.length : 0
  }
  return Math.max(end, start + 1)
}

function withoutVector(record: RecordInput): unknown {
  if (typeof record !== 'object' || record === null || !('vector' in record)) return record
  const { vector: _, ...rest } = record
  return rest
}
