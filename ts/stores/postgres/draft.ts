import { createHash } from 'node:crypto'
import { CanopyError } from '../../engine/error.js'
import type { Metadata, Metric, RecordInput } from '../../engine/types.js'
import { flatten } from '../fields.js'
import { json, storable } from './filter.js'

/** The limits of the embedded store: what one holds, the other holds. */
const MAX = { idBytes: 512, textBytes: 16 * 1024 ** 2, metadataBytes: 1024 ** 2, depth: 64 }
const KNOWN = new Set(['id', 'text', 'metadata', 'vector'])

/** A record that passed every check, in the forms that its columns take. */
export interface Draft {
  id: string
  text: string
  /** JSON of the text where the text column can't hold it. */
  rawText: string | null
  metadata: string
  fields: string
  vector: Float32Array | null
}

/** What a collection's vectors are, as far as a record must fit. */
export interface Shape {
  dim: number | null
  metric: Metric | null
}

/** Checks one record as the core does, with its codes. `row` is its vector out of a matrix that nobody else changes. */
export function draft(input: RecordInput, row: Float32Array | undefined, { dim }: Shape): Draft {
  checkShape(input)
  const text = (input.text ?? '').toWellFormed()
  const metadata = input.metadata === undefined ? '{}' : wellFormed(input.metadata)
  const id = input.id?.toWellFormed() ?? contentId(text, metadata)
  checkId(id)
  checkSize(id, 'text', text, MAX.textBytes)
  checkSize(id, 'metadata', metadata, MAX.metadataBytes)
  const given = row ?? input.vector
  if (text.trim() === '' && given === undefined) throw new CanopyError('TEXT_EMPTY', 'invalid_input', `record ${JSON.stringify(id)} has an empty text and no vector, so nothing could ever find it: send a text or a vector`)
  const vector = row ?? (given === undefined ? null : Float32Array.from(given))
  if (vector !== null) checkVector(id, vector, dim)
  const fields = metadata === '{}' ? '{}' : json(flatten(checkDepth(id, metadata)))
  return { id, text: storable(text), rawText: text.includes('\0') ? JSON.stringify(text) : null, metadata, fields, vector }
}

function checkShape(input: RecordInput): void {
  const fail = (problem: string): never => {
    throw new CanopyError('JSON_INVALID', 'invalid_input', `the record isn't valid: ${problem}`)
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) fail('it must be an object such as { "id": "a", "text": "…" }')
  for (const key in input) {
    const value = input[key as keyof RecordInput]
    if (!KNOWN.has(key)) fail(`unknown field ${JSON.stringify(key)}; a record has id, text, metadata and vector`)
    if ((key === 'id' || key === 'text') && value !== undefined && typeof value !== 'string') fail(`${key} must be a string, not ${typeof value}`)
  }
  const { metadata, id } = input
  if (metadata !== undefined && (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))) {
    throw new CanopyError('RECORD_METADATA', 'invalid_input', `metadata of record ${JSON.stringify(id ?? '')} is not a JSON object: send one such as {"year": 1958}`)
  }
}

function checkId(id: string): void {
  const reason = id === '' ? 'is empty' : id.length * 3 > MAX.idBytes && Buffer.byteLength(id) > MAX.idBytes ? 'is too long' : id.includes('\0') ? 'contains the NUL character' : undefined
  if (reason !== undefined) throw new CanopyError('RECORD_ID', 'invalid_input', `record id ${JSON.stringify(id.slice(0, 64))} ${reason}: use 1 to ${MAX.idBytes} bytes of text without the NUL character`)
}

function checkSize(id: string, what: string, value: string, limit: number): void {
  // A character of UTF-16 takes at most 3 bytes.
  if (value.length * 3 <= limit) return
  const received = Buffer.byteLength(value)
  if (received > limit) throw new CanopyError('RECORD_TOO_LARGE', 'too_large', `${what} of record ${JSON.stringify(id)} is ${received} bytes, the limit is ${limit}: split the record`)
}

/** Refuses what the vector leg couldn't compare. */
export function checkVector(id: string, vector: Float32Array, dim: number | null): void {
  if (dim === null || vector.length !== dim) {
    throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `vector of record ${JSON.stringify(id)} has ${vector.length} values, ${dim === null ? 'the collection holds no vectors' : `the collection takes ${dim}`}`)
  }
  // NaN and infinities are what differs from itself when it is taken from itself; a loop over 256 numbers takes a third of findIndex.
  let position = 0
  while (position < vector.length && (vector[position] ?? 0) - (vector[position] ?? 0) === 0) position += 1
  if (position < vector.length) throw new CanopyError('VECTOR_NOT_FINITE', 'invalid_input', `vector of record ${JSON.stringify(id)} is not a finite number at position ${position}: remove or replace it`)
}

function checkDepth(id: string, metadata: string): Metadata {
  if (metadata === '{}') return {}
  let deepest = 0
  let now = 0
  // Strings are passed over whole: brackets inside them nest nothing.
  for (const token of metadata.match(/"(?:[^"\\]|\\.)*"|[[{\]}]/g) ?? []) {
    if (token === '{' || token === '[') deepest = Math.max(deepest, (now += 1))
    else if (token === '}' || token === ']') now -= 1
  }
  if (deepest > MAX.depth) throw new CanopyError('RECORD_METADATA', 'invalid_input', `metadata of record ${JSON.stringify(id)} is nested over ${MAX.depth} levels: send a flatter JSON object such as {"year": 1958}`)
  return JSON.parse(metadata) as Metadata
}

/** JSON without half surrogate pairs, which UTF-8 can't hold: JSON.stringify escapes those and nothing else as \ud8 to \udf. */
function wellFormed(value: unknown): string {
  return JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/gi, '$1\uFFFD')
}

/** An id from the content: the same record sent again is stored once. */
function contentId(text: string, metadata: string): string {
  return createHash('sha256').update(text).update('\0').update(metadata).digest('hex').slice(0, 32)
}
