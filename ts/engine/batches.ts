import type { RecordInput } from './types.js'
import { stringify } from './json.js'

// Serialising one batch takes a millisecond or two, of the 5 that a call may block. 50,000 vectors with short texts take 0.48 s,
// with batches of 1,024 0.40 s; but then a pause of the collector on top blocks for 6 to 9 ms now and then. A quarter of a megabyte
// of text takes about a millisecond.
const RECORDS_PER_BATCH = 512
const CHARACTERS_PER_BATCH = 256 * 1024

/** Records that cross the boundary in one call and are committed in one transaction. */
export interface Batch {
  records: readonly RecordInput[]
  json: Buffer
  /** Row-major vectors of all the batch's records, or null where none has one. */
  vectors: Float32Array | null
}

/**
 * Cuts records into batches, so that no call blocks the event loop for more than a few milliseconds.
 *
 * A batch ends early where the next record has a vector of another length (or none), since a batch is all or nothing.
 * `matrix` holds the vectors of all records, row-major; batches are views of it.
 */
export function* batches(records: readonly RecordInput[], matrix?: Float32Array): Generator<Batch> {
  const dim = matrix === undefined || records.length === 0 ? 0 : matrix.length / records.length
  for (let start = 0; start < records.length; ) {
    const end = batchEnd(records, start)
    const part = records.slice(start, end)
    const vectors = matrix === undefined ? pack(part) : matrix.subarray(start * dim, end * dim)
    yield { records: part, json: Buffer.from(stringify(part.map(withoutVector))), vectors }
    start = end
  }
}

function batchEnd(records: readonly RecordInput[], start: number): number {
  const length = records[start]?.vector?.length
  let characters = 0
  let end = start
  while (end < records.length && end - start < RECORDS_PER_BATCH && characters < CHARACTERS_PER_BATCH) {
    const record = records[end]
    if (record?.vector?.length !== length) break
    characters += typeof record?.text === 'string' ? record.text.length : 0
    end += 1
  }
  return Math.max(end, start + 1)
}

function withoutVector(record: RecordInput): unknown {
  if (typeof record !== 'object' || record === null || !('vector' in record)) return record
  const { vector: _, ...rest } = record
  return rest
}

function pack(records: readonly RecordInput[]): Float32Array | null {
  const dim = records[0]?.vector?.length
  if (dim === undefined) return null
  const packed = new Float32Array(records.length * dim)
  records.forEach((record, row) => packed.set(record.vector ?? [], row * dim))
  return packed
}
