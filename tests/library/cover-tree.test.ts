import test from 'ava'
import { statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CoverTree, MISSING, type Coordinates } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

/** Deterministic numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function cloud(n: number, dim: number, seed = 1): Float64Array {
  const next = random(seed)
  return Float64Array.from({ length: n * dim }, next)
}

const row = (points: Coordinates, dim: number, i: number): Coordinates => points.subarray(i * dim, (i + 1) * dim)

function distance(a: Coordinates, b: Coordinates): number {
  return Math.hypot(...Array.from(a, (value, i) => value - (b[i] ?? 0)))
}

/** The ids of the `k` nearest among `candidates`, by brute force. */
function brute(points: Coordinates, dim: number, query: Coordinates, k: number, candidates: number[]): number[] {
  const measured = candidates.map((id) => ({ id, at: distance(row(points, dim, id), query) }))
  measured.sort((a, b) => a.at - b.at || a.id - b.id)
  return [...measured.map(({ id }) => id), ...Array.from({ length: k }, () => MISSING)].slice(0, k)
}

test('neighbours are those of a brute force', async (t) => {
  const [n, dim, k] = [600, 3, 5]
  const points = cloud(n, dim)
  const everyone = Array.from({ length: n }, (_, i) => i)
  const tree = await CoverTree.build(points, { dim })
  t.deepEqual([tree.length, tree.dim], [n, dim])
  t.is(await tree.validate(), null)
  t.true((await tree.report()).memoryBytes > n * dim * 4)

  const queries = cloud(40, dim, 7)
  const found = await tree.knn(queries, k)
  const all = await tree.knnAll(k)
  const before = await tree.predecessors(k)
  for (let i = 0; i < 40; i += 1) {
    t.deepEqual([...found.ids.subarray(i * k, (i + 1) * k)], brute(points, dim, row(queries, dim, i), k, everyone))
    const own = row(points, dim, i)
    t.deepEqual([...all.ids.subarray(i * k, (i + 1) * k)], brute(points, dim, own, k, everyone.filter((j) => j !== i)))
    t.deepEqual([...before.ids.subarray(i * k, (i + 1) * k)], brute(points, dim, own, k, everyone.filter((j) => j < i)))
  }
  t.is(before.distances[0], Infinity)

  const within = await tree.radius(queries, 0.1)
  for (let i = 0; i < 40; i += 1) {
    const near = everyone.filter((id) => distance(row(points, dim, id), row(queries, dim, i)) <= 0.1)
    const found = new Set(within.ids.slice(within.starts[i], within.starts[i + 1]))
    t.deepEqual(
      everyone.filter((id) => found.has(id)),
      near,
    )
  }
})

test('single precision, angles, and a far origin', async (t) => {
  const points = Float32Array.from([1, 0, 0, 2, 3, 3.1, -1, -0.1])
  const tree = await CoverTree.build(points, { dim: 2, metric: 'angular' })
  const { ids, distances } = await tree.knn(Float32Array.from([5, 0]), 4)
  t.deepEqual([...ids], [0, 2, 1, 3])
  t.true(Math.abs((distances[2] ?? 0) - Math.PI / 2) < 1e-6)

  // What survives an offset of 1e7 in double precision is found; in single precision nothing would be left of it.
  const near = cloud(300, 2)
  const shifted = near.map((value) => value + 1e7)
  const [plain, moved] = await Promise.all([near, shifted].map(async (points) => (await CoverTree.build(points, { dim: 2 })).knnAll(4)))
  const same = plain?.ids.filter((id, i) => id === moved?.ids[i]).length ?? 0
  t.true(same >= 0.99 * 1200, `${same} of 1200 are the same`)
})

test('bad points and bad questions have codes', async (t) => {
  const build = (points: unknown, options: object) => () => CoverTree.build(points as Float32Array, options as { dim: number })
  await fails(t, 'POINTS_TYPE', build([1, 2], { dim: 2 }))
  await fails(t, 'POINTS_TYPE', build(new Int32Array(4), { dim: 2 }))
  await fails(t, 'POINTS_LENGTH', build(new Float32Array(5), { dim: 2 }))
  await fails(t, 'POINTS_DIMENSION', build(new Float32Array(5), { dim: 0 }))
  await fails(t, 'POINTS_DIMENSION', build(new Float32Array(66), { dim: 33 }))
  await fails(t, 'POINTS_NOT_FINITE', build(Float32Array.from([0, Number.NaN]), { dim: 2 }))
  await fails(t, 'POINTS_ZERO', build(new Float32Array(2), { dim: 2, metric: 'angular' }))
  await fails(t, 'JSON_INVALID', build(new Float32Array(2), { dim: 2, metric: 'taxi' }))
  await fails(t, 'JSON_INVALID', build(new Float32Array(2), {}))

  const empty = await CoverTree.build(new Float32Array(0), { dim: 3 })
  t.deepEqual([...(await empty.knn(new Float32Array(3), 2)).ids], [MISSING, MISSING])
  t.is((await empty.knnAll(2)).ids.length, 0)
  const one = await CoverTree.build(new Float32Array(3), { dim: 3 })
  t.deepEqual([...(await one.knn(new Float32Array(3), 2)).ids], [0, MISSING])
  for (const k of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) await fails(t, 'NEIGHBOURS_COUNT', () => one.knn(new Float32Array(3), k))
  await fails(t, 'POINTS_LENGTH', () => one.knn(new Float32Array(4), 1))
  t.is((await one.knn(new Float32Array(0), 1)).ids.length, 0)
  await fails(t, 'NEIGHBOURS_RADIUS', () => one.radius(new Float32Array(3), -1))
})

test('a search is cancelled and reports its progress', async (t) => {
  const tree = await CoverTree.build(cloud(60_000, 8), { dim: 8 })
  const controller = new AbortController()
  const reason = new Error('enough')
  const seen: number[] = []
  const aborted = tree.knnAll(50, {
    signal: controller.signal,
    onProgress: (done) => {
      seen.push(done)
      if (done > 0) controller.abort(reason)
    },
  })
  t.is(await t.throwsAsync(aborted), reason)
  t.true(seen.length > 0)
})

test('a saved tree answers as before; a file cut short and one that is no tree have codes', async (t) => {
  const dir = await folder(t)
  const file = path.join(dir, 'tree')
  const points = cloud(300, 3)
  const tree = await CoverTree.build(points, { dim: 3, metric: 'angular' })
  await tree.remove([3, 8])
  await tree.save(file)
  const opened = await CoverTree.open(file)
  t.deepEqual([opened.length, opened.ids, opened.dim, opened.metric], [298, 300, 3, 'angular'])
  t.deepEqual(await opened.knnAll(4), await tree.knnAll(4))
  await fails(t, 'INDEX_NOT_FOUND', () => CoverTree.open(path.join(dir, 'none')))
  await fails(t, 'INDEX_NOT_FOUND', () => tree.save(path.join(dir, 'none', 'tree')))
  truncateSync(file, statSync(file).size - 1)
  await fails(t, 'INDEX_TRUNCATED', () => CoverTree.open(file))
  writeFileSync(file, 'a poem of more than eight letters')
  await fails(t, 'INDEX_FOREIGN', () => CoverTree.open(file))
})

test('points come and go, ids stay', async (t) => {
  const points = cloud(200, 2)
  const tree = await CoverTree.build(points.subarray(0, 240), { dim: 2 })
  t.is(await tree.insert(points.subarray(240)), 120)
  t.deepEqual(await tree.knnAll(5), await (await CoverTree.build(points, { dim: 2 })).knnAll(5))
  await tree.remove(Uint32Array.of(0, 150))
  t.deepEqual([tree.length, tree.ids], [198, 200])
  const everyone = Array.from({ length: 200 }, (_, i) => i).filter((i) => i !== 0 && i !== 150)
  const query = points.subarray(0, 2)
  t.deepEqual([...(await tree.knn(query, 6)).ids], brute(points, 2, query, 6, everyone))
  for (const ids of [[0], [1, 1], [200], [-1], [1.5]]) await fails(t, 'POINT_UNKNOWN', () => tree.remove(ids))
  await fails(t, 'POINTS_LENGTH', () => tree.insert(new Float64Array(3)))
  t.is(tree.length, 198)
  // Changes asked for at once follow one another.
  const firsts = await Promise.all([tree.insert(query), tree.insert(query), tree.insert(query)])
  t.deepEqual(firsts.toSorted(), [200, 201, 202])
})

test('a closed tree gives its memory back and says that it is closed', async (t) => {
  const tree = await CoverTree.build(cloud(400_000, 8), { dim: 8 })
  const before = process.memoryUsage.rss()
  const running = tree.knn(cloud(10, 8, 3), 1)
  await tree.close()
  t.is((await running.catch(() => undefined))?.ids.length ?? 10, 10)
  const freed = (before - process.memoryUsage.rss()) / 1e6
  t.true(freed > 40, `${freed} MB`)
  await fails(t, 'CLOSED', () => tree.knnAll(1))
  await fails(t, 'CLOSED', () => tree.insert(cloud(1, 8)))
  await tree.close()
  t.is(tree.length, 0)
})
