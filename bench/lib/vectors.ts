import { appendFileSync, existsSync, readFileSync, statSync, truncateSync } from 'node:fs'
import type { Database } from 'canopy-engine'
import { cached } from './paths.js'
import { random } from './random.js'
import { say } from './result.js'

const TEXTS_PER_CALL = 512

/** What tells a model's vectors from those of another one, for names of files. */
export async function digestOf(db: Database, model: string): Promise<string> {
  return (await db.models()).find((known) => known.name === model)?.digest?.slice(0, 12) ?? 'unknown'
}

/**
 * MiniLM's vectors of `texts`, row-major. They are kept in the cache under `name` and the model's digest, so that a second run (or one
 * that was interrupted) computes only what is missing.
 */
export async function embedded(db: Database, model: string, name: string, texts: readonly string[]): Promise<Float32Array> {
  const dim = (await db.embed(model, ['dimension'])).length
  const file = cached(`${name}-${model}-${await digestOf(db, model)}.f32`)
  let done = existsSync(file) ? Math.floor(statSync(file).size / (dim * 4)) : 0
  // A run that was interrupted while it wrote left a piece of a row.
  if (done > 0) truncateSync(file, done * dim * 4)
  const from = done
  const started = performance.now()
  while (done < texts.length) {
    const part = texts.slice(done, done + TEXTS_PER_CALL)
    const rows = await db.embed(model, part)
    appendFileSync(file, Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength))
    done += part.length
    if ((done - from) % (20 * TEXTS_PER_CALL) !== 0) continue
    const perSecond = (done - from) / ((performance.now() - started) / 1000)
    say(`  embedded ${done} of ${texts.length} texts (${Math.round(perSecond)}/s, about ${Math.ceil((texts.length - done) / perSecond / 60)} min left)`)
  }
  const bytes = readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + texts.length * dim * 4))
}

/** Unit vectors around 200 centres: what to measure with where no model can be had. */
export function generated(rows: number, dim: number, seed = 1): Float32Array {
  const next = random(seed)
  const normal = (): number => next() + next() + next() - 1.5
  const centres = Array.from({ length: 200 }, () => Float32Array.from({ length: dim }, normal))
  const result = new Float32Array(rows * dim)
  for (let row = 0; row < rows; row += 1) {
    const centre = centres[Math.floor(next() * centres.length)] as Float32Array
    const values = centre.map((value) => 0.6 * value + normal())
    const norm = Math.hypot(...values)
    result.set(values.map((value) => value / norm), row * dim)
  }
  return result
}

/** Row `i` of a matrix, without a copy. */
export function row(matrix: Float32Array, dim: number, i: number): Float32Array {
  return matrix.subarray(i * dim, (i + 1) * dim)
}
