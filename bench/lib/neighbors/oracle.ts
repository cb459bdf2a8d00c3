// Residual correlation in double precision, by plain loops that share nothing with the engine.

/** A kernel of variance 1 and one lengthscale. */
export interface PlainKernel {
  kind: 'matern12' | 'matern32' | 'matern52' | 'rbf'
  lengthscale: number
}

function correlation({ kind, lengthscale }: PlainKernel, a: ArrayLike<number>, ai: number, b: ArrayLike<number>, bi: number, dim: number): number {
  let square = 0
  for (let c = 0; c < dim; c += 1) square += ((a[ai * dim + c] ?? 0) - (b[bi * dim + c] ?? 0)) ** 2
  square /= lengthscale * lengthscale
  if (kind === 'rbf') return Math.exp(-square / 2)
  const r = Math.sqrt({ matern12: 1, matern32: 3, matern52: 5 }[kind] * square)
  return ({ matern12: 1, matern32: 1 + r, matern52: 1 + r + (r * r) / 3 }[kind]) * Math.exp(-r)
}

/** Residual correlations of chosen rows with all points. */
export class Oracle {
  readonly #kernel: PlainKernel
  readonly #dim: number
  readonly #points: Float32Array
  readonly #inducing: Float64Array
  /** Lower triangle of the root of K(Z, Z) + jitter, row-major. */
  readonly #root: Float64Array
  readonly #m: number
  readonly #v: Float64Array
  readonly #p: Float64Array

  constructor(kernel: PlainKernel, points: Float32Array, dim: number, inducing: Float64Array, jitter: number) {
    ;[this.#kernel, this.#points, this.#dim, this.#inducing] = [kernel, points, dim, inducing]
    this.#m = inducing.length / dim
    this.#root = this.#cholesky(jitter)
    const n = points.length / dim
    this.#v = new Float64Array(n * this.#m)
    this.#p = new Float64Array(n)
    for (let i = 0; i < n; i += 1) this.#p[i] = this.#factor(points, i, this.#v.subarray(i * this.#m, (i + 1) * this.#m))
  }

  /** V, row after row, and p of all points. */
  factors(): { v: Float64Array; p: Float64Array } {
    return { v: this.#v, p: this.#p }
  }

  /** |ρ| of row `at` of `rows` with the points before `end`. */
  strengths(rows: Float32Array, at: number, end: number): Float64Array {
    const v = new Float64Array(this.#m)
    const p = this.#factor(rows, at, v)
    const found = new Float64Array(end)
    for (let j = 0; j < end; j += 1) {
      let dot = 0
      for (let c = 0; c < this.#m; c += 1) dot += (v[c] ?? 0) * (this.#v[j * this.#m + c] ?? 0)
      const residual = correlation(this.#kernel, rows, at, this.#points, j, this.#dim) - dot
      found[j] = Math.abs(residual) / Math.sqrt(p * (this.#p[j] ?? 1))
    }
    return found
  }

  /** Writes v of a row, and answers its residual variance. */
  #factor(rows: Float32Array, at: number, v: Float64Array): number {
    let p = 1
    for (let i = 0; i < this.#m; i += 1) {
      let value = correlation(this.#kernel, rows, at, this.#inducing, i, this.#dim)
      for (let c = 0; c < i; c += 1) value -= (this.#root[i * this.#m + c] ?? 0) * (v[c] ?? 0)
      v[i] = value / (this.#root[i * this.#m + i] ?? 1)
      p -= (v[i] ?? 0) ** 2
    }
    return Math.max(p, 1e-10)
  }

  #cholesky(jitter: number): Float64Array {
    const m = this.#m
    const root = new Float64Array(m * m)
    for (let i = 0; i < m; i += 1) {
      for (let j = 0; j <= i; j += 1) {
        let sum = correlation(this.#kernel, this.#inducing, i, this.#inducing, j, this.#dim) + (i === j ? jitter : 0)
        for (let c = 0; c < j; c += 1) sum -= (root[i * m + c] ?? 0) * (root[j * m + c] ?? 0)
        root[i * m + j] = i === j ? Math.sqrt(sum) : sum / (root[j * m + j] ?? 1)
      }
    }
    return root
  }
}
