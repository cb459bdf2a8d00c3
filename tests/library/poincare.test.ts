import test from 'ava'
import { PoincareBall, trainPoincare } from '../../ts/index.js'
import { fails } from '../helpers/throws.js'

const near = (a: number | undefined, b: number, tolerance: number): boolean => Math.abs((a ?? Number.NaN) - b) <= tolerance

test('maps are each other’s inverse, in every precision', async (t) => {
  for (const kappa of [-1, -0.5, -2]) {
    const ball = new PoincareBall({ dim: 2, kappa })
    const tangents = Float64Array.from([0.3, -0.4, 0, 0, 1.2, 0.1])
    const back = await ball.log0(await ball.exp0(tangents))
    t.true(tangents.every((value, i) => near(back[i], value, 1e-12)))
    const single = await ball.log0(await ball.exp0(Float32Array.from(tangents)))
    t.true(tangents.every((value, i) => near(single[i], value, 1e-6)))
    const base = await ball.exp0(Float64Array.from([0.2, 0.5]))
    const there = await ball.log(base, await ball.exp(base, tangents))
    t.true(tangents.every((value, i) => near(there[i], value, 1e-10)))
  }
})

test('distances, means and recentring', async (t) => {
  const ball = new PoincareBall({ dim: 2 })
  // Distance of (r, 0) to 0 is 2 artanh r.
  t.true(near((await ball.distances(Float64Array.from([0.5, 0])))[0], 2 * Math.atanh(0.5), 1e-14))
  const points = Float64Array.from([0.5, 0.1, 0.6, 0.2, 0.55, -0.1, 0.4, 0.3])
  const mean = await ball.mean(points)
  t.true(mean.converged)
  const moved = await ball.recentre(points)
  t.true((await ball.mean(moved)).point.every((value) => near(value, 0, 1e-9)))
  const before = await ball.distances(points.subarray(2), points.slice(0, 2))
  const after = await ball.distances(moved.subarray(2), moved.slice(0, 2))
  t.true(before.every((value, i) => near(after[i], value, 1e-9)))
  // Half precision: 0x3800 is 0.5.
  const half = await ball.recentre(Uint16Array.from([0x38_00, 0, 0x38_00, 0]))
  t.deepEqual([...half], [0, 0, 0, 0])
})

test('a small tree is embedded with its root in the middle', async (t) => {
  // A complete binary tree of 31 nodes; every (node, ancestor).
  const pairs: number[] = []
  for (let node = 1; node < 31; node += 1) for (let up = node; up > 0; ) pairs.push(node, (up = (up - 1) >> 1))
  const seen: number[] = []
  const made = await trainPoincare(31, Uint32Array.from(pairs), { dim: 5, epochs: 200, measure: true, onProgress: (done) => seen.push(done) })
  t.is(made.points.length, 155)
  t.true((made.map ?? 0) > 0.8, `${made.map}`)
  t.true(seen.length > 0)
  const norms = await new PoincareBall({ dim: 5 }).distances(made.points)
  t.true(norms.subarray(15).every((leaf) => leaf > (norms[0] ?? 0)))
  const again = await trainPoincare(31, Uint32Array.from(pairs), { dim: 5, epochs: 200 })
  t.deepEqual(again.points, made.points)
})

test('what is not in the ball is refused', async (t) => {
  const ball = new PoincareBall({ dim: 2 })
  await fails(t, 'BALL_OUTSIDE', () => ball.log0(Float64Array.from([1, 0.5])))
  await fails(t, 'POINTS_NOT_FINITE', () => ball.exp0(Float64Array.from([Number.NaN, 0])))
  await fails(t, 'POINTS_LENGTH', () => ball.exp0(new Float64Array(3)))
  await fails(t, 'POINTS_TYPE', () => ball.exp(new Float32Array(2), new Float64Array(2) as never))
  await fails(t, 'POINTS_TYPE', () => ball.exp0([1, 2] as never))
  await fails(t, 'MEAN_EMPTY', () => ball.mean(new Float64Array(0)))
  for (const kappa of [0, 1, Number.NaN]) await fails(t, 'BALL_CURVATURE', () => new PoincareBall({ dim: 2, kappa }).exp0(new Float64Array(2)))
  await fails(t, 'BALL_MARGIN', () => new PoincareBall({ dim: 2, margin: 0 }).exp0(new Float64Array(2)))
  await fails(t, 'POINTS_DIMENSION', async () => new PoincareBall({ dim: 0 }))
  await fails(t, 'POINCARE_RELATION', () => trainPoincare(2, Uint32Array.from([0, 2])))
  await fails(t, 'POINCARE_OPTION', () => trainPoincare(2, Uint32Array.from([0, 1]), { epochs: 0 }))
  await fails(t, 'JSON_INVALID', () => trainPoincare(2, Uint32Array.from([0, 1]), { colour: 1 } as never))
})
