import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { access, chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import test from 'ava'
import { VectorIndex, VectorIndexes, type VectorPreset } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { cloud } from '../helpers/vectors.js'

const [N, DIM] = [6000, 32]
const vectors = cloud(N, DIM, 1)
const row = (i: number): Float32Array => vectors.slice(i * DIM, (i + 1) * DIM)
const squared = (a: Float32Array, i: number): number => a.reduce((sum, value, c) => sum + (value - (vectors[i * DIM + c] ?? 0)) ** 2, 0)
const ranked = (query: Float32Array): [number, number][] => Array.from({ length: N }, (_, i): [number, number] => [i, -squared(query, i)]).toSorted((a, b) => b[1] - a[1])

test('a range is everything that near, whatever its size, and no more', async (t) => {
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2' })
  for (const rank of [3, 40, 300]) {
    const truth = ranked(row(77))
    const least = ((truth[rank]?.[1] ?? 0) + (truth[rank - 1]?.[1] ?? 0)) / 2
    const hits = await index.range(row(77), least, { ef: 200 })
    const wanted = new Set(truth.slice(0, rank).map(([id]) => id))
    t.true(hits.every(({ id, score }) => wanted.has(id) && score >= least))
    t.true(hits.length >= 0.97 * rank, `${hits.length} of ${rank}`)
    t.deepEqual(hits.map(({ score }) => score), hits.map(({ score }) => score).toSorted((a, b) => b - a))
    t.is((await index.range(row(77), least, { ef: 200, limit: 2 })).length, 2)
  }
  t.deepEqual(await index.range(row(77), 1), [])
  await fails(t, 'INDEX_OPTION', () => index.range(row(77), Number.NaN))
  await fails(t, 'SEARCH_REQUEST', () => index.range(row(77), -1, { limit: 0 }))
})

test('presets: exact finds all, the others what they say, filters hold for each', async (t) => {
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2' })
  await fails(t, 'INDEX_NO_LISTS', () => index.search(row(0), 10, { preset: 'hybrid' }))
  const lists = await index.prepare()
  t.true(lists.hybridRecall > 0.85 && lists.listsRecall > 0.85 && lists.hybridRecall <= 1, JSON.stringify(lists))
  const even = await index.filter(Uint32Array.from({ length: N / 2 }, (_, i) => 2 * i))
  const found: Record<string, number> = {}
  for (const preset of ['graph', 'exact', 'hybrid', 'lists'] as VectorPreset[]) {
    found[preset] = 0
    for (let q = 0; q < 30; q += 1) {
      const query = row(q * 190).map((value) => value + 0.02)
      const truth = ranked(query)
      const wanted = new Set(truth.slice(0, 10).map(([id]) => id))
      for (const { id, score } of await index.search(query, 10, { preset })) {
        found[preset] += Number(wanted.has(id))
        t.true(Math.abs(score + squared(query, id)) < 1e-4, preset)
      }
      const allowed = await index.search(query, 5, { preset, filter: even })
      t.true(allowed.length === 5 && allowed.every(({ id }) => id % 2 === 0), preset)
    }
  }
  t.is(found['exact'], 300)
  for (const preset of ['graph', 'hybrid', 'lists']) t.true((found[preset] ?? 0) >= 255, JSON.stringify(found))
  // They outlive the process with the index, and answer as before.
  const file = path.join(await folder(t), 'x.index')
  await index.save(file)
  const opened = await VectorIndex.open(file)
  await opened.check()
  t.is((await opened.info()).lists, lists.lists)
  for (const preset of ['hybrid', 'lists'] as VectorPreset[]) t.deepEqual(await opened.search(row(9), 10, { preset }), await index.search(row(9), 10, { preset }))
  await opened.remove([9])
  t.is((await opened.info()).lists, 0)
  await opened.save(file)
  await fails(t, 'INDEX_NO_LISTS', async () => (await VectorIndex.open(file)).search(row(0), 10, { preset: 'lists' }))
  // A change makes the lists those of other vectors.
  await index.upsert([N], row(3))
  await fails(t, 'INDEX_NO_LISTS', () => index.search(row(0), 10, { preset: 'lists' }))
  t.is((await index.search(row(3), 2, { preset: 'exact' })).length, 2)
})

test('lists that were prepared while vectors changed are never those of other vectors', async (t) => {
  const index = await VectorIndex.build(vectors.subarray(0, 3000 * DIM), { dim: DIM, metric: 'l2' })
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([index.prepare(), index.upsert([3000 + round], row(3000 + round)), index.remove([round])])
    const { lists, length } = await index.info()
    t.is(length, 3000)
    if (lists > 0) t.is((await index.search(row(3000 + round), 1, { preset: 'lists' }))[0]?.id, 3000 + round)
  }
})

test('autotune finds a search that reaches the recall, and searches by it from then on', async (t) => {
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2' })
  const { options, recall, reached, micros } = await index.autotune(0.98, { k: 10 })
  t.true(reached && recall >= 0.98 && options.ef > 0 && micros > 0, JSON.stringify({ options, recall, reached }))
  t.deepEqual(await index.search(row(5), 10), await index.search(row(5), 10, options))
  await fails(t, 'INDEX_OPTION', () => index.autotune(1.5))
  await fails(t, 'VECTOR_DIMENSION', () => index.autotune(0.9, { queries: new Float32Array(DIM + 1) }))
  const own = await index.autotune(0.9, { k: 5, queries: vectors.subarray(0, 20 * DIM) })
  t.true(own.reached)
})

test('an estimate before the build is near to what it takes, and too many are refused', async (t) => {
  const estimate = await VectorIndex.estimate({ count: N, dim: DIM, metric: 'l2' })
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2', storage: 'f32' })
  const { memoryBytes } = await index.info()
  t.true(estimate.bytes > memoryBytes / 1.5 && estimate.bytes < memoryBytes * 1.5, `${estimate.bytes} and ${memoryBytes}`)
  t.true(estimate.buildSeconds > 0 && estimate.threads > 0 && estimate.buildBytes > estimate.graphBytes)
  await fails(t, 'INDEX_TOO_LARGE', () => VectorIndex.estimate({ count: 4_300_000_000, dim: 8 }))
  await fails(t, 'VECTOR_DIMENSION', () => VectorIndex.estimate({ count: 8, dim: 0 }))
  await fails(t, 'VECTOR_ID', () => index.upsert([4_294_967_295], row(0)))
  await fails(t, 'VECTOR_ID', () => index.upsert([-1], row(0)))
})

test('halves and bytes are the numbers they stand for', async (t) => {
  const bytes = Uint8Array.from({ length: 500 * 8 }, (_, i) => (i * 7919) % 251)
  const index = await VectorIndex.build(bytes, { dim: 8, metric: 'l2' })
  t.deepEqual([...((await index.vector(3)) ?? [])], [...bytes.subarray(24, 32)])
  t.is((await index.search(bytes.subarray(24, 32), 1))[0]?.score, -0)
  const signed = Int8Array.from([1, -2, 3, -128])
  t.deepEqual([...((await (await VectorIndex.build(signed, { dim: 4, metric: 'dot' })).vector(0)) ?? [])], [...signed])
  // 1, -2, 0.5, 65504 as IEEE halves.
  const halves = Uint16Array.from([0x3c00, 0xc000, 0x3800, 0x7bff])
  t.deepEqual([...((await (await VectorIndex.build(halves, { dim: 4, metric: 'l2' })).vector(0)) ?? [])], [1, -2, 0.5, 65504])
  await fails(t, 'VECTOR_NOT_FINITE', () => VectorIndex.build(Uint16Array.from([0x7e00]), { dim: 1, metric: 'l2' }))
  await fails(t, 'VECTOR_TYPE', () => VectorIndex.build([1, 2] as never, { dim: 2 }))
  await fails(t, 'VECTOR_TYPE', () => VectorIndex.build(new Float64Array(2) as never, { dim: 2 }))
})

test('more hits than vectors, none, and all deleted', async (t) => {
  const empty = await VectorIndex.build<string>(new Float32Array(0), { dim: 4, idKind: 'string' })
  for (const preset of ['graph', 'exact'] as const) t.deepEqual(await empty.search(Float32Array.of(1, 2, 3, 4), 5, { preset }), [])
  t.deepEqual(await empty.range(Float32Array.of(1, 2, 3, 4), -1), [])
  await empty.prepare()
  t.deepEqual(await empty.search(Float32Array.of(1, 2, 3, 4), 5, { preset: 'hybrid' }), [])
  t.is((await empty.autotune(0.9)).recall, 0)
  await empty.upsert(['a', 'b'], Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0))
  t.deepEqual((await empty.search(Float32Array.of(1, 0.1, 0, 0), 100)).map(({ id }) => id), ['a', 'b'])
  t.is((await empty.search(Float32Array.of(1, 0.1, 0, 0), 2, { ef: 1 })).length, 2)
  t.is(await empty.remove(['a', 'b', 'c']), 2)
  t.deepEqual(await empty.search(Float32Array.of(1, 2, 3, 4), 5), [])
  t.is((await empty.info()).length, 0)
  const many = await VectorIndex.build(vectors, { dim: DIM })
  await many.remove(Uint32Array.from({ length: N }, (_, i) => i))
  t.deepEqual(await many.search(row(0), 10), [])
  t.deepEqual(await many.search(row(0), 10, { preset: 'exact' }), [])
  await many.upsert([9], row(9))
  t.deepEqual((await many.search(row(9), 3)).map(({ id }) => id), [9])
})

test('a build and a preparation that are aborted end soon, and leave what was there', async (t) => {
  const large = cloud(40_000, 64, 3)
  const aborted = new AbortController()
  const building = VectorIndex.build(large, { dim: 64, signal: aborted.signal, onProgress: () => aborted.abort(new Error('enough')) })
  await t.throwsAsync(building, { message: 'enough' })
  const index = await VectorIndex.build(vectors, { dim: DIM })
  await t.throwsAsync(() => index.prepare({ signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
  t.is((await index.search(row(1), 1))[0]?.id, 1)
})

test('indexes by name: made, changed, saved, found again, deleted', async (t) => {
  const dir = path.join(await folder(t), 'indexes')
  const all = new VectorIndexes(dir)
  t.deepEqual(await all.names(), [])
  const index = await all.create('näme / 1', { dim: DIM, metric: 'l2' })
  await fails(t, 'INDEX_EXISTS', () => all.create('näme / 1', { dim: 2 }))
  await fails(t, 'INDEX_NAME', () => all.create('', { dim: 2 }))
  await fails(t, 'INDEX_NAME', () => all.create('x'.repeat(300), { dim: 2 }))
  await fails(t, 'INDEX_NOT_FOUND', () => all.get('../näme'))
  all.changed('näme / 1')
  await index.upsert(['a', 'b'], vectors.subarray(0, 2 * DIM))
  t.false((await all.info('näme / 1')).saved)
  await all.close()
  const again = new VectorIndexes(dir, { readOnly: true })
  t.deepEqual(await again.names(), ['näme / 1'])
  t.is((await (await again.get('näme / 1')).search(row(1), 1))[0]?.id, 'b')
  t.throws(() => again.changed('näme / 1'), { code: 'STORE_READ_ONLY' })
  await fails(t, 'STORE_READ_ONLY', () => again.drop('näme / 1'))
  const file = (await readdir(dir)).find((name) => name.endsWith('.index')) ?? ''
  await truncate(path.join(dir, file), 100)
  const damaged = new VectorIndexes(dir)
  await fails(t, 'INDEX_TRUNCATED', () => damaged.get('näme / 1'))
  await damaged.drop('näme / 1')
  t.deepEqual(await damaged.names(), [])
})

test('a folder of indexes has one writer, whose changes nobody overwrites', async (t) => {
  const dir = path.join(await folder(t), 'indexes')
  const [first, second] = [new VectorIndexes(dir), new VectorIndexes(dir)]
  const index = await first.create('a', { dim: DIM, metric: 'l2' })
  await fails(t, 'STORE_LOCKED', () => second.create('b', { dim: DIM }))
  await fails(t, 'STORE_LOCKED', () => second.get('a'))
  t.throws(() => second.changed('a'), { code: 'STORE_LOCKED' })
  await fails(t, 'STORE_LOCKED', () => second.drop('a'))
  // Reading what was saved is free.
  t.is((await new VectorIndexes(dir, { readOnly: true }).info('a')).length, 0)
  first.changed('a')
  await index.upsert(['x'], row(0))
  const other = `import { VectorIndexes } from ${JSON.stringify(new URL('../../ts/index.js', import.meta.url).href)}
    await new VectorIndexes(${JSON.stringify(dir)}).create('b', { dim: 2 }).catch(({ code, message }) => console.log(code, message.includes('${process.pid}')))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', other])
  t.is(stdout, 'STORE_LOCKED true\n')
  await first.close()
  // Free once it is closed.
  t.is((await second.info('a')).length, 1)
  await second.create('b', { dim: 2 })
  await second.close()
  t.deepEqual(await first.names(), ['a', 'b'])
})

test('a save that fails, and two that meet, leave a whole file', async (t) => {
  const dir = await folder(t)
  const file = path.join(dir, 'x.index')
  const [a, b] = [await VectorIndex.build(vectors, { dim: DIM }), await VectorIndex.build(vectors.subarray(0, 100 * DIM), { dim: DIM })]
  await Promise.all([a.save(file), b.save(file), a.save(file), b.save(file)])
  const whole = await VectorIndex.open(file)
  await whole.check()
  t.true([N, 100].includes((await whole.info()).length))
  const before = await readFile(file)
  await writeFile(path.join(dir, 'folder'), '')
  await t.throwsAsync(() => a.save(path.join(dir, 'folder', 'x.index')))
  const locked = path.join(dir, 'locked')
  await mkdir(locked)
  await writeFile(path.join(locked, 'x.index'), before)
  await chmod(locked, 0o500)
  if (process.getuid?.() !== 0 && process.platform !== 'win32') await fails(t, 'INDEX_PERMISSION', () => a.save(path.join(locked, 'x.index')))
  await chmod(locked, 0o700)
  t.deepEqual(await readFile(path.join(locked, 'x.index')), before)
  await t.notThrowsAsync(() => access(file))
})
