import { setImmediate as turn } from 'node:timers/promises'
import { CanopyError } from '../../engine/error.js'
import { parse } from '../../engine/json.js'
import type { RecordInput } from '../../engine/types.js'
import { draft, type Draft, type Shape } from './draft.js'

/** Records that are checked before the event loop gets its turn: about a millisecond. */
const PIECE = 256

/** Checks records; their vectors may be the rows of a matrix. */
export async function draftAll(records: readonly RecordInput[], matrix: Float32Array | undefined, row: Shape): Promise<Draft[]> {
  const dim = matrix === undefined ? 0 : matrix.length / records.length
  const drafts: Draft[] = []
  for (const [i, record] of records.entries()) {
    if (i > 0 && i % PIECE === 0) await turn()
    drafts.push(draft(record, matrix?.subarray(i * dim, (i + 1) * dim), row))
  }
  return drafts
}

/** Numbers a vector of a matrix that holds one for each record. Throws VECTOR_COUNT. */
export function matrixDim(records: number, matrix: Float32Array | undefined): number {
  if (matrix === undefined || records === 0) return 0
  if (matrix.length % records === 0) return matrix.length / records
  throw new CanopyError('VECTOR_COUNT', 'invalid_input', `${matrix.length} numbers can't be the vectors of ${records} records: pass records × dimension numbers, row after row`)
}

/** Records as JSON. Throws JSON_INVALID. */
export function readRecords(bytes: Buffer): RecordInput[] {
  try {
    const records = parse<RecordInput[]>(bytes)
    if (Array.isArray(records)) return records
  } catch (error) {
    throw new CanopyError('JSON_INVALID', 'invalid_input', `the records aren't valid JSON: ${(error as Error).message}`)
  }
  throw new CanopyError('JSON_INVALID', 'invalid_input', 'the records must be a JSON array of objects')
}
