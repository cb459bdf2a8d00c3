// The log-likelihood of a Gaussian process by a Vecchia approximation with inducing points (Gyger, Furrer & Sigrist 2024):
// the covariance is the part that the inducing points explain, plus a residual part whose i-th value depends on few before it, plus noise.
// Plain loops over Float64Array: the example shows what is computed; the neighbours are what takes the time at size.

/** Matérn 5/2 at squared distance `square`, in units of the lengthscale. */
export function matern52(square) {
  const r = Math.sqrt(5 * square)
  return (1 + r + (r * r) / 3) * Math.exp(-r)
}

/** In place: the lower root of a symmetric positive definite n × n matrix; its log-determinant. */
export function cholesky(a, n) {
  let logdet = 0
  for (let j = 0; j < n; j += 1) {
    for (let i = j; i < n; i += 1) {
      let sum = a[i * n + j]
      for (let c = 0; c < j; c += 1) sum -= a[i * n + c] * a[j * n + c]
      if (i === j && !(sum > 0)) throw new Error(`not positive definite at ${j}`)
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j]
    }
    logdet += 2 * Math.log(a[j * n + j])
  }
  return logdet
}

/** Solves L x = b in place. */
export function forward(root, n, b) {
  for (let i = 0; i < n; i += 1) {
    let sum = b[i]
    for (let c = 0; c < i; c += 1) sum -= root[i * n + c] * b[c]
    b[i] = sum / root[i * n + i]
  }
  return b
}

/** Solves Lᵀ x = b in place. */
export function backward(root, n, b) {
  for (let i = n - 1; i >= 0; i -= 1) {
    let sum = b[i]
    for (let c = i + 1; c < n; c += 1) sum -= root[c * n + i] * b[c]
    b[i] = sum / root[i * n + i]
  }
  return b
}

/** Squared distance of row `i` of `a` and row `j` of `b`, in units of the lengthscales. */
function square(a, i, b, j, scales) {
  const dim = scales.length
  let sum = 0
  for (let c = 0; c < dim; c += 1) sum += ((a[i * dim + c] - b[j * dim + c]) / scales[c]) ** 2
  return sum
}

/**
 * The log-likelihood of `y` at `points`, with `neighbours.ids` (k a row, 0xFFFFFFFF where there are fewer) before each point.
 * `theta`: `{ variance, noise, lengthscale: [one a coordinate] }`.
 */
export function logLikelihood(points, y, inducing, neighbours, { variance, noise, lengthscale }) {
  const [n, m, k] = [y.length, inducing.length / lengthscale.length, neighbours.k]
  const cov = (a, i, b, j) => variance * matern52(square(a, i, b, j, lengthscale))

  // K(Z, Z) and its root; K(X, Z) and V = L⁻¹ K(Z, X), a row a point.
  const root = Float64Array.from({ length: m * m }, (_, at) => cov(inducing, Math.floor(at / m), inducing, at % m) + (at % (m + 1) === 0 ? variance * 1e-6 : 0))
  const kzz = root.slice()
  const logdetZ = cholesky(root, m)
  const kxz = new Float64Array(n * m)
  const v = new Float64Array(n * m)
  for (let i = 0; i < n; i += 1) {
    for (let z = 0; z < m; z += 1) kxz[i * m + z] = cov(points, i, inducing, z)
    v.set(forward(root, m, kxz.slice(i * m, (i + 1) * m)), i * m)
  }
  const residual = (i, j) => {
    let sum = cov(points, i, points, j)
    for (let z = 0; z < m; z += 1) sum -= v[i * m + z] * v[j * m + z]
    return i === j ? Math.max(sum, 1e-10) + noise : sum
  }

  // Row i of B y and of B K(X, Z), both over sqrt(D_i): B D⁻¹ Bᵀ is the inverse of the residual covariance with noise.
  const whiteY = new Float64Array(n)
  const whiteK = new Float64Array(n * m)
  let logdet = 0
  for (let i = 0; i < n; i += 1) {
    const before = [...neighbours.ids.subarray(i * k, (i + 1) * k)].filter((id) => id !== 0xffff_ffff)
    const c = before.length
    const a = new Float64Array(c * c)
    for (let s = 0; s < c; s += 1) for (let t = 0; t <= s; t += 1) a[s * c + t] = a[t * c + s] = residual(before[s], before[t])
    cholesky(a, c)
    const weights = forward(a, c, Float64Array.from(before, (id) => residual(i, id)))
    const d = Math.max(residual(i, i) - weights.reduce((sum, value) => sum + value * value, 0), 1e-12)
    backward(a, c, weights)
    const scale = 1 / Math.sqrt(d)
    logdet += Math.log(d)
    const row = whiteK.subarray(i * m, (i + 1) * m)
    for (let z = 0; z < m; z += 1) row[z] = kxz[i * m + z]
    let value = y[i]
    for (const [s, id] of before.entries()) {
      value -= weights[s] * y[id]
      for (let z = 0; z < m; z += 1) row[z] -= weights[s] * kxz[id * m + z]
    }
    whiteY[i] = value * scale
    for (let z = 0; z < m; z += 1) row[z] *= scale
  }

  // Woodbury: M = K(Z, Z) + K(Z, X) Σ⁻¹ K(X, Z).
  const inner = kzz
  const right = new Float64Array(m)
  for (let i = 0; i < n; i += 1) {
    const row = whiteK.subarray(i * m, (i + 1) * m)
    for (let s = 0; s < m; s += 1) {
      right[s] += row[s] * whiteY[i]
      for (let t = 0; t <= s; t += 1) inner[s * m + t] += row[s] * row[t]
    }
  }
  for (let s = 0; s < m; s += 1) for (let t = 0; t < s; t += 1) inner[t * m + s] = inner[s * m + t]
  const logdetInner = cholesky(inner, m)
  const half = forward(inner, m, right)
  const quadratic = whiteY.reduce((sum, value) => sum + value * value, 0) - half.reduce((sum, value) => sum + value * value, 0)
  return -0.5 * (quadratic + logdet + logdetInner - logdetZ + n * Math.log(2 * Math.PI))
}
