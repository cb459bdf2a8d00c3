import { random } from '../random.js'

/** Numbers a vector. */
export const DIM = 256
const CENTRES = 1_000
/** Directions in which the vectors of one cluster differ: embeddings of texts have about so many, not as many as they have numbers. */
const SPREAD = 24

/**
 * Unit vectors as embeddings are: around 1,000 centres, spread in 24 directions of their own, with a little noise in all. Isotropic noise
 * would have no neighbours worth the name: all distances are the same then, and recall means nothing.
 */
export function clustered(rows: number, seed: number): Float32Array {
  const shape = random(7)
  const normal = (next: () => number): number => next() + next() + next() - 1.5
  const centres = Float32Array.from({ length: CENTRES * DIM }, () => normal(shape))
  const directions = Float32Array.from({ length: 8 * SPREAD * DIM }, () => normal(shape))
  const next = random(seed)
  const all = new Float32Array(rows * DIM)
  const amounts = new Float32Array(SPREAD)
  for (let row = 0; row < rows; row += 1) {
    const centre = Math.floor(next() * CENTRES)
    const of = (centre % 8) * SPREAD
    for (let d = 0; d < SPREAD; d += 1) amounts[d] = 0.35 * normal(next)
    const vector = all.subarray(row * DIM, (row + 1) * DIM)
    let norm = 0
    for (let i = 0; i < DIM; i += 1) {
      let value = (centres[centre * DIM + i] ?? 0) + 0.05 * (next() - 0.5)
      for (let d = 0; d < SPREAD; d += 1) value += (amounts[d] ?? 0) * (directions[(of + d) * DIM + i] ?? 0)
      vector[i] = value
      norm += value * value
    }
    const scale = 1 / Math.sqrt(norm)
    for (let i = 0; i < DIM; i += 1) vector[i] = (vector[i] ?? 0) * scale
  }
  return all
}
