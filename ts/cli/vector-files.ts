import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { CanopyError } from '../engine/error.js'

/** Vectors of a file. */
export interface VectorFile {
  dim: number
  count: number
  values: Float32Array | Uint16Array | Int8Array | Uint8Array
  /** Of a JSONL file whose lines have some. */
  ids: string[] | undefined
}

/** Reads FILE.npy (float32, float16, int8 or uint8) or FILE.jsonl (a line `{"id": …, "vector": […]}`). Throws `VECTOR_FILE`. */
export async function readVectors(file: string): Promise<VectorFile> {
  if (file.endsWith('.npy')) return readNpy(file)
  if (/\.(jsonl|ndjson)$/.test(file)) return readJsonl(file)
  throw bad(file, 'its name ends neither with .npy nor with .jsonl')
}

const KINDS: Readonly<Record<string, Float32ArrayConstructor | Uint16ArrayConstructor | Int8ArrayConstructor | Uint8ArrayConstructor>> = { '<f4': Float32Array, '<f2': Uint16Array, '|i1': Int8Array, '|u1': Uint8Array }

async function readNpy(file: string): Promise<VectorFile> {
  const bytes = await read(file)
  if (bytes.subarray(0, 6).toString('latin1') !== '\x93NUMPY' || bytes.length < 12) throw bad(file, "it isn't a file of NumPy")
  const wide = (bytes[6] ?? 1) > 1
  const start = wide ? 12 : 10
  const end = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  const header = bytes.subarray(start, end).toString('latin1')
  const [, kind = ''] = /'descr': *'([^']*)'/.exec(header) ?? []
  const [, rows, columns] = /'shape': *\((\d+), *(\d+)\)/.exec(header) ?? []
  const Values = KINDS[kind]
  if (Values === undefined || columns === undefined || header.includes("'fortran_order': True")) throw bad(file, `a matrix of float32, float16, int8 or uint8, row after row, is wanted, and this is ${header.trim()}`)
  const [count, dim] = [Number(rows), Number(columns)]
  // A copy begins where numbers of any size may.
  const values = new Values(new Uint8Array(bytes.subarray(end, bytes.length - ((bytes.length - end) % Values.BYTES_PER_ELEMENT))).buffer)
  if (values.length < count * dim) throw bad(file, `${count} rows of ${dim} numbers are announced, and ${values.length} numbers are there`)
  return { dim, count, values: values.subarray(0, count * dim), ids: undefined }
}

async function readJsonl(file: string): Promise<VectorFile> {
  const [values, ids]: [number[][], string[]] = [[], []]
  let line = 0
  const input = createReadStream(file)
  await once(input, 'open').catch((error: Error) => Promise.reject(bad(file, error.message)))
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1
    if (text.trim() === '') continue
    const { id, vector } = parsed(file, line, text)
    const dim = values[0]?.length ?? vector.length
    if (vector.length !== dim) throw bad(file, `line ${line} has ${vector.length} numbers, the lines before ${dim}`)
    values.push(vector)
    ids.push(String(id ?? values.length - 1))
  }
  const dim = values[0]?.length ?? 0
  if (dim === 0) throw bad(file, 'there is no vector in it')
  const all = new Float32Array(values.length * dim)
  for (const [i, row] of values.entries()) all.set(row, i * dim)
  return { dim, count: values.length, values: all, ids }
}

function parsed(file: string, line: number, text: string): { id?: string | number; vector: number[] } {
  try {
    const value = JSON.parse(text) as { id?: string | number; vector?: unknown } | unknown[]
    const vector = Array.isArray(value) ? value : value.vector
    if (Array.isArray(vector) && vector.every((number) => typeof number === 'number')) return { vector, ...(Array.isArray(value) || value.id === undefined ? {} : { id: value.id }) }
  } catch {
    // Said below.
  }
  throw bad(file, `line ${line} isn't {"id": …, "vector": [numbers]}`)
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw bad(file, (error as Error).message)
  }
}

function bad(file: string, why: string): CanopyError {
  return new CanopyError('VECTOR_FILE', 'invalid_input', `${file} can't be read as vectors: ${why}; send FILE.npy or FILE.jsonl`)
}
