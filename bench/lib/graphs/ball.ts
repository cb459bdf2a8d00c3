import { PoincareBall } from 'canopy-engine'
import { random } from '../random.js'
import type { Check } from '../result.js'

/** Half of the points anywhere, half at all orders of magnitude down to 2e-6 from the rim. */
export function cloud(n: number, dim: number, seed: number): Float32Array {
  const next = random(seed)
  const rows = new Float32Array(n * dim)
  const row = new Float64Array(dim)
  for (let i = 0; i < n; i += 1) {
    let square = 0
    for (let c = 0; c < dim; c += 1) square += (row[c] = next() + next() - 1) ** 2
    const radius = (i % 2 === 0 ? next() * 0.99 : 1 - 2e-6 ** next()) / Math.sqrt(square)
    for (let c = 0; c < dim; c += 1) rows[i * dim + c] = (row[c] ?? 0) * radius
  }
  return rows
}

/** Points on an axis at ρ = 1 − 10⁻ᵏ, whose distance to 0 is known in closed form, as the numbers they are stored as. */
function axis<T extends Float32Array | Float64Array>(make: new (length: number) => T, last: number): T {
  const rows = new make(2 * last)
  for (let k = 1; k <= last; k += 1) rows[2 * (k - 1)] = 1 - 10 ** -k
  return rows
}

/** Errors against what is known in double precision, as shares of what is allowed, and values that are no numbers. */
export async function ballErrors(): Promise<Check[]> {
  const checks: Check[] = []
  for (const [name, rows, epsilon, least] of [['f32', axis(Float32Array, 6), 2 ** -23, 1e-6], ['f64', axis(Float64Array, 12), 2 ** -52, 1e-15]] as const) {
    const ball = new PoincareBall({ dim: 2, margin: least })
    const [far, tangents, back] = [await ball.distances(rows), await ball.log0(rows), await ball.exp0(await ball.log0(rows))]
    const centre = rows.slice(0, 2)
    const moved = await ball.recentre(rows, { centre })
    const worst = { distance: 0, log0: 0, 'exp0 of log0': 0, recentre: 0 }
    for (let i = 0; i < rows.length; i += 2) {
      const [r, m] = [rows[i] ?? 0, centre[0] ?? 0]
      const atanh = 0.5 * Math.log1p((2 * r) / (1 - r))
      const allowed = (4 * epsilon) / (1 - r)
      const note = (what: keyof typeof worst, value: number | undefined, wanted: number): unknown => (worst[what] = Math.max(worst[what], Math.abs((value ?? Number.NaN) - wanted) / allowed))
      note('distance', far[i / 2], 2 * atanh)
      note('log0', tangents[i], atanh)
      note('exp0 of log0', back[i], r)
      note('recentre', moved[i], (r - m) / (1 - r * m))
    }
    for (const [what, share] of Object.entries(worst)) checks.push({ name: `${what}, ${name}, error over 4 ε / (1 − ρ) up to the rim`, value: share, unit: '', direction: 'at most', must: 1 })
  }
  checks.push(...(await roundTrips()))
  return checks
}

/** exp0 of log0, and that ten million points give numbers whatever is done to them. */
async function roundTrips(): Promise<Check[]> {
  const dim = 4
  const ball = new PoincareBall({ dim })
  let [single, odd] = [0, 0]
  for (let part = 0; part < 10; part += 1) {
    const points = cloud(1_000_000, dim, 100 + part)
    const tangents = await ball.log0(points)
    const back = await ball.exp0(tangents)
    const [far, moved, added] = [await ball.distances(points, back), await ball.recentre(points, { centre: points.subarray(0, dim) }), await ball.add(points, back)]
    for (let i = 0; i < points.length; i += 1) {
      single = Math.max(single, Math.abs((points[i] ?? 0) - (back[i] ?? Number.NaN)))
      if (!Number.isFinite((tangents[i] ?? 0) + (back[i] ?? 0) + (moved[i] ?? 0) + (added[i] ?? 0))) odd += 1
    }
    for (const value of far) if (!Number.isFinite(value)) odd += 1
  }
  const bits = Uint16Array.from({ length: 2 * 1000 }, (_, i) => (i % 2 === 0 ? half(0.99 * ((i + 2) / 2000)) : 0))
  const flat = new PoincareBall({ dim: 2 })
  const again = await flat.exp0(await flat.log0(bits))
  const trip = Math.max(...Array.from(again, (value, i) => Math.abs(number(value) - number(bits[i] ?? 0))))
  return [
    { name: 'exp0 of log0, f32, furthest', value: single, unit: '', direction: 'at most', must: 1e-6 },
    { name: 'exp0 of log0, f16, furthest', value: trip, unit: '', direction: 'at most', must: 1e-3 },
    { name: 'values that are no numbers, 10,000,000 points', value: odd, unit: '', direction: 'at most', must: 0 },
  ]
}

/** A number from 2⁻¹⁴ up to 1 as half precision. */
function half(value: number): number {
  const exponent = Math.max(Math.floor(Math.log2(value)), -14)
  return ((exponent + 15) << 10) + Math.round((value / 2 ** exponent - 1) * 1024)
}

/** Half precision, from 0 up to 1, as a number; the sign doesn't matter here. */
function number(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023]
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
}
