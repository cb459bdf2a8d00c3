import { binding } from './binding.js'
import { CanopyError, unwrap } from './error.js'

/** Vectors, row after row: numbers of four bytes, of two (halves, in a `Float16Array` or as their bits in a `Uint16Array`), or of one. */
export type VectorValues = Float32Array | Uint16Array | Int8Array | Uint8Array | { readonly [Symbol.toStringTag]: 'Float16Array'; readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number }

const KINDS: Readonly<Record<string, 'f16' | 'i8' | 'u8'>> = { Float16Array: 'f16', Uint16Array: 'f16', Int8Array: 'i8', Uint8Array: 'u8' }

/**
 * The numbers as the core takes them, made off the event loop where they aren't. Throws `VECTOR_TYPE`.
 *
 * @internal
 */
export async function widened(vectors: VectorValues): Promise<Float32Array> {
  if (vectors instanceof Float32Array) return vectors
  const kind = ArrayBuffer.isView(vectors) ? KINDS[(vectors as Uint8Array)[Symbol.toStringTag]] : undefined
  if (kind === undefined) throw new CanopyError('VECTOR_TYPE', 'invalid_input', 'vectors must be a Float32Array, or halves or bytes in a Float16Array, Uint16Array, Int8Array or Uint8Array, row after row')
  return unwrap(await binding().widenedVectors(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength), kind))
}
