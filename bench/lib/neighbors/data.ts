import { random } from '../random.js'

/** What a bench of neighbours runs on. */
export interface Workload {
  n: number
  dim: number
  k: number
  /** Row-major points. */
  points: Float32Array
  /** Row-major queries, none of them a point. */
  queries: Float32Array
}

/** Independent Gaussian coordinates; the same on every machine. */
export function gaussian(n: number, dim: number, seed: number): Float32Array {
  const next = random(seed)
  const values = new Float32Array(n * dim)
  for (let i = 0; i < values.length; i += 1) values[i] = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return values
}

/** Gaussian points and queries. */
export function workload(n: number, dim: number, k: number, queries: number): Workload {
  return { n, dim, k, points: gaussian(n, dim, 1), queries: gaussian(queries, dim, 2) }
}

/** Rows that a check looks at: spread over all. */
export function sample(rows: number, count: number): number[] {
  return Array.from({ length: Math.min(rows, count) }, (_, i) => Math.floor((i * rows) / Math.min(rows, count)))
}
