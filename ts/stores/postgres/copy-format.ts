import { half } from '../half.js'

// PostgreSQL's binary COPY format (documentation, "COPY", section "Binary Format"): numbers and lengths are big-endian.

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const HEADER = Buffer.concat([SIGNATURE, Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])
const JSONB_VERSION = 1
const CHUNK = 256 * 1024

/** One column of one row. */
export type Cell =
  | { kind: 'text' | 'jsonb'; value: string | null }
  | { kind: 'int4'; value: number }
  | { kind: 'int8'; value: bigint }
  | { kind: 'vector' | 'halfvec'; value: Float32Array | null }

/** Rows as the bytes that COPY … (format binary) reads, in pieces of some hundred kilobytes. */
export function* copyBytes(rows: Iterable<readonly Cell[]>): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(CHUNK)
  let at = HEADER.copy(buffer)
  for (const row of rows) {
    // Characters of UTF-16 take at most 3 bytes each in UTF-8.
    const needed = row.reduce((sum, cell) => sum + room(cell), 2)
    if (at + needed > buffer.length) {
      yield buffer.subarray(0, at)
      buffer = Buffer.allocUnsafe(Math.max(CHUNK, needed))
      at = 0
    }
    at = buffer.writeInt16BE(row.length, at)
    for (const cell of row) at = write(buffer, at, cell)
  }
  yield buffer.subarray(0, at)
  yield TRAILER
}

function room(cell: Cell): number {
  if (cell.kind === 'int4' || cell.kind === 'int8') return 12
  if (cell.value === null) return 4
  return cell.kind === 'vector' || cell.kind === 'halfvec' ? 8 + cell.value.length * 4 : 5 + cell.value.length * 3
}

function write(buffer: Buffer, at: number, cell: Cell): number {
  if (cell.value === null) return buffer.writeInt32BE(-1, at)
  switch (cell.kind) {
    case 'int4':
      return buffer.writeInt32BE(cell.value, buffer.writeInt32BE(4, at))
    case 'int8':
      return buffer.writeBigInt64BE(cell.value, buffer.writeInt32BE(8, at))
    case 'vector':
      return writeVector(buffer, at, cell.value)
    case 'halfvec':
      return writeHalves(buffer, at, cell.value)
    default: {
      const start = at + 4 + (cell.kind === 'jsonb' ? 1 : 0)
      if (cell.kind === 'jsonb') buffer[at + 4] = JSONB_VERSION
      const end = start + buffer.write(cell.value, start)
      buffer.writeInt32BE(end - at - 4, at)
      return end
    }
  }
}

/** pgvector's own form: the dimension, two bytes for later, single precision. */
function writeVector(buffer: Buffer, at: number, vector: Float32Array): number {
  const bytes = vector.length * 4
  buffer.writeInt32BE(4 + bytes, at)
  buffer.writeInt16BE(vector.length, at + 4)
  buffer.writeInt16BE(0, at + 6)
  const start = at + 8
  Buffer.from(vector.buffer, vector.byteOffset, bytes).copy(buffer, start)
  if (LITTLE) buffer.subarray(start, start + bytes).swap32()
  return start + bytes
}

/** The same with two bytes a number. */
function writeHalves(buffer: Buffer, at: number, vector: Float32Array): number {
  buffer.writeInt32BE(4 + vector.length * 2, at)
  buffer.writeInt16BE(vector.length, at + 4)
  let end = buffer.writeInt16BE(0, at + 6)
  for (const value of vector) end = buffer.writeUInt16BE(half(value), end)
  return end
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
