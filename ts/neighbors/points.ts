import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Coordinates } from '../engine/cover-tree.js'
import { CanopyError } from '../engine/error.js'
import type { AnyCollection } from '../stores/any.js'

/** Points, row after row. */
export interface PointSet {
  points: Coordinates
  dim: number
}

/** What to read of a file. */
export interface ReadOptions {
  /** Columns of a CSV file with a header, or fields of JSON objects; default: all columns, the field `point`. */
  columns?: readonly string[] | undefined
}

/** Reads points from a file: `.npy`, `.csv` (a header is recognised), or JSON lines, each an array or an object. Throws `POINTS_SYNTAX` with the line. */
export async function readPoints(file: string, options: ReadOptions = {}): Promise<PointSet> {
  const extension = path.extname(file).toLowerCase()
  try {
    if (extension === '.npy') return npy(await readFile(file), file)
    if (extension === '.csv') return await lines(file, csv(options.columns))
    return await lines(file, jsonl(options.columns))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new CanopyError('POINTS_FILE', 'not_found', `there is no file ${file}`)
    throw error
  }
}

/** The vectors of a collection, and the ids of their records. Throws `COLLECTION_NO_VECTORS`, `POINTS_DIMENSION`. */
export async function collectionPoints(collection: AnyCollection, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<PointSet & { labels: string[] }> {
  const { name, count, vectors } = await collection.info()
  if (vectors === null) throw new CanopyError('COLLECTION_NO_VECTORS', 'invalid_input', `the collection "${name}" has no vectors`)
  const { dim } = vectors
  if (dim > 32) throw new CanopyError('POINTS_DIMENSION', 'invalid_input', `vectors of ${dim} numbers can't be indexed exactly: at most 32; search the collection instead`)
  const values = new Growing(count * dim)
  const labels: string[] = []
  for await (const { id, vector } of collection.records({ vectors: true, limit: 1000, signal })) {
    if (vector === undefined) continue
    for (const value of vector) values.push(value)
    labels.push(id)
  }
  return { points: values.take(), dim, labels }
}

/** Turns a line into numbers, or nothing where it holds none. */
type Parse = (line: string, number: number) => readonly unknown[] | undefined

async function lines(file: string, parse: Parse): Promise<PointSet> {
  const values = new Growing(3 * 1024)
  let [dim, number] = [0, 0]
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    number += 1
    if (line.trim() === '') continue
    const row = parse(number === 1 ? line.replace(/^\uFEFF/, '') : line, number)
    if (row === undefined) continue
    if (dim === 0) dim = row.length
    if (row.length !== dim || dim === 0) throw syntax(number, `${row.length} values where the first point has ${dim}`)
    for (const value of row) {
      if (typeof value !== 'number') throw syntax(number, `${JSON.stringify(value) ?? 'a missing field'} is no number`)
      values.push(value)
    }
  }
  if (dim === 0) throw new CanopyError('POINTS_SYNTAX', 'invalid_input', `${file} holds no point`)
  return { points: values.take(), dim }
}

function csv(columns: readonly string[] | undefined): Parse {
  let places: number[] | undefined
  return (line, number) => {
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    if (number === 1 && (columns !== undefined || cells.some((cell) => numeric(cell) === undefined))) {
      places = columns?.map((name) => {
        const at = cells.indexOf(name)
        if (at < 0) throw syntax(number, `there is no column "${name}" among ${cells.join(', ')}`)
        return at
      })
      return undefined
    }
    const wanted = places === undefined ? cells : places.map((at) => cells[at] ?? '')
    return wanted.map((cell) => numeric(cell) ?? cell)
  }
}

/** NaN passes: the core refuses it by its own code. */
function numeric(cell: string): number | undefined {
  if (cell === '') return undefined
  const value = Number(cell)
  return Number.isNaN(value) && cell.toLowerCase() !== 'nan' ? undefined : value
}

function jsonl(columns: readonly string[] | undefined): Parse {
  return (line, number) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      throw syntax(number, 'the line is no JSON')
    }
    if (Array.isArray(value)) return value
    if (typeof value !== 'object' || value === null) throw syntax(number, 'the line is neither an array nor an object')
    const fields = value as Readonly<Record<string, unknown>>
    if (columns !== undefined) return columns.map((name) => fields[name])
    if (!Array.isArray(fields['point'])) throw syntax(number, 'the object has no array "point"; name its fields by --columns')
    return fields['point']
  }
}

function syntax(line: number, what: string): CanopyError {
  return new CanopyError('POINTS_SYNTAX', 'invalid_input', `line ${line}: ${what}`)
}

/** An array of numpy (format 1 to 3): one or two dimensions of little-endian `f4` or `f8` in the order of C. */
function npy(bytes: Buffer, file: string): PointSet {
  const wrong = (what: string): CanopyError => new CanopyError('POINTS_SYNTAX', 'invalid_input', `${file}: ${what}`)
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\u0093NUMPY') throw wrong('this is no .npy file')
  const long = (bytes[6] ?? 1) > 1
  const start = long ? 12 : 10
  const end = start + (long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  const header = bytes.toString('latin1', start, end)
  const type = /'descr':\s*'<(f[48])'/.exec(header)?.[1]
  const shape = /'shape':\s*\((\d+),\s*(\d*),?\s*\)/.exec(header)
  if (type === undefined || shape === null || !header.includes("'fortran_order': False")) throw wrong(`save it as little-endian float32 or float64 of shape (points, coordinates): ${header.trim()}`)
  const [n, dim] = [Number(shape[1]), shape[2] === '' ? 1 : Number(shape[2])]
  const length = n * dim * (type === 'f4' ? 4 : 8)
  if (bytes.length < end + length) throw wrong(`it is cut short: ${bytes.length} bytes where ${end + length} are needed`)
  // A slice of its own starts on a boundary.
  const data = new Uint8Array(bytes.subarray(end, end + length)).buffer
  return { points: type === 'f4' ? new Float32Array(data) : new Float64Array(data), dim }
}

/** Numbers whose count isn't known yet. */
class Growing {
  #values: Float64Array<ArrayBuffer>
  #length = 0

  constructor(room: number) {
    this.#values = new Float64Array(Math.max(room, 1024))
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const old = this.#values
      this.#values = new Float64Array(old.length * 2)
      this.#values.set(old)
    }
    this.#values[this.#length] = value
    this.#length += 1
  }

  take(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
