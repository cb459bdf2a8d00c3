import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CoverTree, MISSING, ResidualTree } from '../../ts/index.js'
import { gaussian, sample } from '../../bench/lib/neighbors/data.js'
import { guardrails } from '../../bench/lib/neighbors/guardrails.js'
import { holds } from '../../bench/lib/check.js'
import { at } from '../../bench/lib/paths.js'
import { Oracle } from '../../bench/lib/neighbors/oracle.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const [N, DIM, K, M] = [3000, 3, 20, 64]
const points = gaussian(N, DIM, 1)
const kernel = { kind: 'matern52', lengthscale: 1 } as const

/** The share of the strongest `K` that was found, for some rows; a tie counts. */
function recall(ids: Uint32Array, rows: number[], strengths: (row: number) => Float64Array): number {
  let [found, wanted] = [0, 0]
  for (const row of rows) {
    const all = strengths(row)
    const least = all.toSorted().at(-Math.min(K, all.length)) ?? 0
    wanted += Math.min(K, all.length)
    for (const id of ids.subarray(row * K, (row + 1) * K)) found += Number((all[id] ?? -1) >= least * (1 - 1e-6))
  }
  return found / wanted
}

test('neighbours by residual correlation are those of plain loops in double precision', async (t) => {
  const tree = await ResidualTree.build(points, { dim: DIM, kernel, inducing: { count: M } })
  const { inducing, jitter, medianP } = await tree.report()
  t.is(inducing, M)
  t.true(medianP > 0 && medianP < 1)
  const oracle = new Oracle(kernel, points, DIM, await tree.inducing(), jitter)
  const rows = sample(N, 60)
  const before = await tree.predecessors(K)
  t.true(recall(before.ids, rows, (row) => oracle.strengths(points, row, row)) >= 0.999)
  t.is(before.ids[0], MISSING)
  t.true((before.report.audit?.recall ?? 0) >= 0.999)
  t.true(before.report.gate.pruned > 0)
  const queries = gaussian(50, DIM, 3)
  const asked = await tree.knn(queries, K)
  t.true(recall(asked.ids, sample(50, 50), (row) => oracle.strengths(queries, row, N)) >= 0.999)
  const exact = await tree.knn(queries, K, { exact: true })
  t.true(recall(exact.ids, sample(50, 50), (row) => oracle.strengths(queries, row, N)) >= 0.999)
  const all = await tree.knnAll(K, { gate: 'audit' })
  t.is(all.ids.length, N * K)
})

test('another kernel takes its place as a whole, the newest wins', async (t) => {
  const tree = await ResidualTree.build(points, { dim: DIM, kernel, inducing: { method: 'random', count: M } })
  const other = { kind: 'matern32', lengthscale: 0.7 } as const
  const answers = await Promise.all([tree.refresh({ ...other, lengthscale: 2 }), tree.refresh(other)])
  t.true(answers[1])
  const oracle = new Oracle(other, points, DIM, await tree.inducing(), (await tree.report()).jitter)
  const before = await tree.predecessors(K)
  t.true(recall(before.ids, sample(N, 40), (row) => oracle.strengths(points, row, row)) >= 0.999)
})

test('points come and go, ids stay, and a kernel that changes meanwhile loses none of them', async (t) => {
  const half = (N / 2) * DIM
  const tree = await ResidualTree.build(points.subarray(0, half), { dim: DIM, kernel, inducing: { count: M } })
  const [first] = await Promise.all([tree.insert(points.subarray(half)), tree.refresh({ ...kernel, lengthscale: 0.9 }), tree.remove(Uint32Array.of(3, 5))])
  t.deepEqual([first, tree.length, tree.ids], [N / 2, N - 2, N])
  t.is((await tree.kernel()).lengthscale, 0.9)
  const oracle = new Oracle({ ...kernel, lengthscale: 0.9 }, points, DIM, await tree.inducing(), (await tree.report()).jitter)
  const rows = sample(N, 50).filter((row) => row !== 3 && row !== 5)
  const { ids } = await tree.predecessors(K)
  const strengths = (row: number): Float64Array => {
    const all = oracle.strengths(points, row, row)
    for (const gone of [3, 5]) if (gone < row) all[gone] = -1
    return all
  }
  t.true(recall(ids, rows, strengths) >= 0.999)
  t.true([...ids.subarray(3 * K, 4 * K)].every((id) => id === MISSING))
  const p = await tree.residualVariances()
  t.true(Number.isNaN(p[5]) && (p[N - 1] ?? 0) > 0)
  await fails(t, 'POINT_UNKNOWN', () => tree.remove([3]))
  await fails(t, 'POINT_UNKNOWN', () => tree.remove([-1]))
  await fails(t, 'POINTS_LENGTH', () => tree.insert(Float64Array.of(1)))
  await fails(t, 'FACTORS_UNWANTED', () => tree.insert(points.subarray(0, DIM), { factors: { v: new Float64Array(M), p: new Float64Array(1) } }))
  const given = await ResidualTree.build(points.subarray(0, DIM), { dim: DIM, kernel, factors: { v: Float64Array.of(0.1), p: Float64Array.of(0.99) } })
  t.is(await given.insert(points.subarray(DIM, 2 * DIM), { factors: { v: Float64Array.of(0.2), p: Float64Array.of(0.96) } }), 1)
  await fails(t, 'FACTORS_NEEDED', () => given.insert(points.subarray(0, DIM)))
})

test('kernels, inducing points and options that cannot be have codes', async (t) => {
  const build = (options: object) => () => ResidualTree.build(points, { dim: DIM, kernel, inducing: { count: 8 }, ...options })
  for (const lengthscale of [0, -1, Number.NaN, [1, 2], [1, 0, 1]]) await fails(t, 'KERNEL_LENGTHSCALE', build({ kernel: { kind: 'rbf', lengthscale } }))
  await fails(t, 'KERNEL_VARIANCE', build({ kernel: { ...kernel, variance: 0 } }))
  await fails(t, 'JSON_INVALID', build({ kernel: { ...kernel, kind: 'linear' } }))
  await fails(t, 'INDUCING_COUNT', build({ inducing: { count: 0 } }))
  await fails(t, 'INDUCING_COUNT', build({ inducing: new Float64Array(0) }))
  await fails(t, 'POINTS_LENGTH', build({ inducing: new Float64Array(4) }))
  await fails(t, 'KERNEL_JITTER', build({ jitter: -1 }))
  await fails(t, 'POINTS_TYPE', () => ResidualTree.build([1] as never, { dim: 1, kernel }))
  const tree = await build({})()
  await fails(t, 'NEIGHBOURS_COUNT', () => tree.predecessors(0))
  await fails(t, 'POINTS_LENGTH', () => tree.knn(new Float32Array(4), 1))
  await fails(t, 'JSON_INVALID', () => tree.predecessors(1, { gate: 'wide' as never }))
  const reason = new Error('enough')
  t.is(await t.throwsAsync(tree.predecessors(5, { signal: AbortSignal.abort(reason) })), reason)
})

test('a saved tree answers as before and goes on from there', async (t) => {
  const file = path.join(await folder(t), 'tree')
  const tree = await ResidualTree.build(points, { dim: DIM, kernel, inducing: { count: M } })
  const before = await tree.predecessors(K)
  await tree.save(file)
  const opened = await ResidualTree.open(file)
  t.deepEqual([opened.length, opened.dim], [N, DIM])
  t.deepEqual(await opened.predecessors(K), before)
  t.true(await opened.refresh({ ...kernel, lengthscale: 0.5 }))
  t.deepEqual(await opened.kernel(), { kind: 'matern52', variance: 1, lengthscale: 0.5 })
  await opened.close()
  await fails(t, 'CLOSED', () => opened.knnAll(1))
  await fails(t, 'CLOSED', () => opened.refresh(kernel))
  writeFileSync(file, 'a poem of more than eight letters')
  await fails(t, 'INDEX_FOREIGN', () => ResidualTree.open(file))
})

test('V and p from elsewhere give the same neighbours', async (t) => {
  const oracle = new Oracle(kernel, points, DIM, inducing(), 1e-6)
  const { v, p } = oracle.factors()
  const tree = await ResidualTree.build(points, { dim: DIM, kernel, factors: { v, p } })
  const rows = sample(N, 40)
  const all = await tree.predecessors(K)
  t.true(recall(all.ids, rows, (row) => oracle.strengths(points, row, row)) >= 0.999)
  const one = { v: v.subarray(0, M), p: p.subarray(0, 1) }
  t.is((await tree.knn(points.subarray(0, DIM), 1, { factors: one })).ids[0], 0)
  await fails(t, 'FACTORS_NEEDED', () => tree.knn(points.subarray(0, DIM), 1))
  await fails(t, 'FACTORS_LENGTH', () => ResidualTree.build(points, { dim: DIM, kernel, factors: { v: v.subarray(1), p } }))
  await fails(t, 'FACTORS_LENGTH', () => tree.knn(points.subarray(0, DIM), 1, { factors: { v, p } }))
  const bad = { v: v.map((value, i) => (i === 9 ? Number.NaN : value)), p }
  await fails(t, 'FACTORS_NOT_FINITE', () => ResidualTree.build(points, { dim: DIM, kernel, factors: bad }))
})

function inducing(): Float64Array {
  return Float64Array.from(gaussian(M, DIM, 9))
}

test('telemetry is a line that the committed schema describes', async (t) => {
  const schema = JSON.parse(readFileSync(at('crates/cover-tree/telemetry.schema.json'), 'utf8')) as object
  const validate = new Ajv2020({ strict: false }).compile(schema)
  const tree = await ResidualTree.build(points, { dim: DIM, kernel, inducing: { count: M } })
  const { report } = await tree.predecessors(K)
  const plain = await CoverTree.build(points, { dim: DIM, plan: { leaders: 'grid', degreeCap: 8, prefixFactor: 2, batchOrder: 'natural' } })
  t.deepEqual(await plain.batchTelemetry(), [])
  const bare = await plain.telemetry()
  await plain.raise()
  t.is(await plain.validate(), null)
  const batches = await plain.batchTelemetry()
  t.true(batches.length > 1)
  for (const line of [await tree.telemetry(), await tree.telemetry(report), bare, await plain.telemetry(), ...batches]) {
    t.true(validate(JSON.parse(line)), JSON.stringify(validate.errors))
    t.false(line.includes('\n'))
  }
  const search = JSON.parse(await tree.telemetry(report)) as Record<string, unknown>
  t.is(search['gate1_pruned'], report.gate.pruned)
  const sum = (name: string): number => batches.reduce((sum, line) => sum + Number((JSON.parse(line) as Record<string, unknown>)[name]), 0)
  const whole = JSON.parse(await plain.telemetry()) as Record<string, unknown>
  for (const name of ['batch_points', 'grid_leaders_final', 'conflicts_waiting', 'scope_chunk_segments']) t.is(whole[name], sum(name), name)
  t.true(sum('conflicts_waiting') > 0 && sum('grid_leaders_raw') >= sum('grid_leaders_final'))
  t.false(validate({ ...search, version: 1 }))
  t.false(validate({ ...search, other: 1 }))
})

test('the guardrails before a large run: 4,096 points along the curve', async (t) => {
  for (const check of await guardrails({ CoverTree, ResidualTree })) t.true(holds(check), JSON.stringify(check))
})

test('no point, one point, fewer than k, all alike, and a search that is cancelled', async (t) => {
  const options = { dim: 2, kernel: { kind: 'rbf', lengthscale: 1 }, inducing: { count: 8 } } as const
  for (const [n, pairs] of [[0, 0], [1, 0], [3, 3]] as const) {
    const tree = await ResidualTree.build(Float64Array.from({ length: 2 * n }, (_, i) => i), options)
    const { ids, distances } = await tree.predecessors(5)
    t.is(ids.filter((id) => id !== MISSING).length, pairs)
    t.is(distances.filter((distance) => Number.isNaN(distance)).length, 0)
  }
  const same = await ResidualTree.build(new Float64Array(200).fill(7), options)
  const found = await same.knnAll(3)
  t.true(found.distances.every((distance) => distance === 0))
  const controller = new AbortController()
  const large = await ResidualTree.build(gaussian(20_000, DIM, 4), { dim: DIM, kernel, inducing: { count: M } })
  const running = large.predecessors(K, { exact: true, signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) })
  t.is((await t.throwsAsync(running))?.message, 'enough')
  t.is((await large.knn(points.subarray(0, DIM), 1)).ids.length, 1)
})
