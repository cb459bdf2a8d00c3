import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Coordinates, Neighbors, NeighborsWithin } from '../engine/cover-tree.js'
import { MISSING } from '../engine/cover-tree.js'
import { CanopyError } from '../engine/error.js'
import type { ResidualReport } from '../engine/residual-tree.js'
import { HttpError } from './errors.js'

/** What a search found. */
export type Found = (Neighbors | NeighborsWithin) & { report?: ResidualReport }

/** Characters that are written at once: the event loop waits for no more than these. */
const PIECE = 32_768

/** Sends what was found: JSON in pieces, or ids (32 bits) and then distances where the client asked for bytes. */
export function sendFound(reply: unknown, found: Found, labels: readonly string[] | undefined, accept = ''): never {
  const typed = reply as FastifyReply
  if (accept.includes('application/octet-stream')) {
    const parts = [found.ids, found.distances].map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength))
    const shape = 'k' in found ? { 'x-neighbors-k': String(found.k) } : { 'x-neighbors-rows': String(found.starts.length - 1) }
    if (!('k' in found)) parts.unshift(Buffer.from(found.starts.buffer, found.starts.byteOffset, found.starts.byteLength))
    return typed.headers(shape).type('application/octet-stream').send(Readable.from(parts, { objectMode: false })) as never
  }
  return typed.type('application/json; charset=utf-8').send(Readable.from(json(found, labels))) as never
}

function* json(found: Found, labels: readonly string[] | undefined): Generator<string> {
  const { ids, distances, report } = found
  yield '{"ids":'
  yield* rows(found, (from, to) => JSON.stringify(Array.from(ids.subarray(from, to))))
  yield ',"distances":'
  yield* rows(found, (from, to) => JSON.stringify(Array.from(distances.subarray(from, to))))
  if (labels !== undefined) {
    yield ',"records":'
    yield* rows(found, (from, to) => JSON.stringify(Array.from(ids.subarray(from, to), (id) => labels[id] ?? '')))
  }
  yield report === undefined ? '}' : `,"report":${JSON.stringify(report)}}`
}

function* rows(found: Found, write: (from: number, to: number) => string): Generator<string> {
  let text = '['
  let comma = ''
  for (const [from, to] of ranges(found)) {
    text += `${comma}${write(from, to)}`
    comma = ','
    if (text.length >= PIECE) {
      yield text
      text = ''
    }
  }
  yield `${text}]`
}

/** Where each row lies; places without a neighbour are left out. */
export function* ranges(found: Found): Generator<[from: number, to: number]> {
  if ('k' in found) {
    for (let from = 0; from < found.ids.length; from += found.k) {
      let to = from + found.k
      while (to > from && found.ids[to - 1] === MISSING) to -= 1
      yield [from, to]
    }
  } else {
    for (let row = 0; row + 1 < found.starts.length; row += 1) yield [found.starts[row] ?? 0, found.starts[row + 1] ?? 0]
  }
}

/** Rows of a JSON body as one array. */
export function flat(points: readonly (readonly number[])[], dim = points[0]?.length): { points: Float64Array; dim: number } {
  if (dim === undefined) throw new CanopyError('POINTS_DIMENSION', 'invalid_input', 'without points, say how many coordinates they will have: dim')
  const values = new Float64Array(points.length * dim)
  for (const [row, point] of points.entries()) {
    if (point.length !== dim) throw new CanopyError('POINTS_LENGTH', 'invalid_input', `point ${row} has ${point.length} coordinates, the others have ${dim}`)
    values.set(point, row * dim)
  }
  return { points: values, dim }
}

/** Numbers of a binary body, copied so that they start on a boundary. */
export function binary(body: Buffer, type: 'f32' | 'f64' = 'f64'): Coordinates {
  const size = type === 'f32' ? 4 : 8
  if (body.length % size !== 0) throw new CanopyError('POINTS_LENGTH', 'invalid_input', `${body.length} bytes don't divide into numbers of ${size} bytes: send row-major little-endian ${type}`)
  const bytes = new Uint8Array(body).buffer
  return type === 'f32' ? new Float32Array(bytes) : new Float64Array(bytes)
}

/** The fields beside a binary body, as an object. */
export function beside(options: string | undefined): object {
  if (options === undefined) return {}
  try {
    const value = JSON.parse(options) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Said below.
  }
  throw new HttpError('REQUEST_INVALID', 'the parameter options must be a JSON object')
}
