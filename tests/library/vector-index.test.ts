import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { VectorIndex } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { cloud } from '../helpers/vectors.js'

const [N, DIM] = [4000, 32]

const vectors = cloud(N, DIM, 1)
const row = (i: number): Float32Array => vectors.slice(i * DIM, (i + 1) * DIM)

function squared(a: Float32Array, i: number): number {
  let sum = 0
  for (let c = 0; c < DIM; c += 1) sum += ((a[c] ?? 0) - (vectors[i * DIM + c] ?? 0)) ** 2
  return sum
}

/** The `k` nearest of `among` by brute force. */
function brute(query: Float32Array, k: number, among: number[]): number[] {
  const measured = among.map((id) => [squared(query, id), id] as const).toSorted(([a], [b]) => a - b)
  return measured.slice(0, k).map(([, id]) => id)
}

const everyone = Array.from({ length: N }, (_, i) => i)

test('most of the true neighbours are found, and their scores are exact', async (t) => {
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2' })
  const { length, metric, graphBytes } = await index.info()
  t.deepEqual([length, metric], [N, 'l2'])
  t.true(graphBytes > 0)
  let found = 0
  for (let q = 0; q < 50; q += 1) {
    const query = row(q * 80).map((value) => value + 0.01)
    const hits = await index.search(query, 10)
    const truth = new Set(brute(query, 10, everyone))
    found += hits.filter(({ id }) => truth.has(id)).length
    for (const { id, score } of hits) t.true(Math.abs(score + squared(query, id)) < 1e-4)
  }
  t.true(found >= 0.95 * 500, `${found} of 500`)
  const batch = await index.searchBatch(vectors.subarray(0, 3 * DIM), 2)
  t.deepEqual([...batch.slots].filter((_, i) => i % 2 === 0), [0, 1, 2])
})

test('names of any kind come back, through changes, a file, and an opening', async (t) => {
  const dir = await folder(t)
  for (const name of [(i: number) => `näme "${i}"\n`, (i: number) => 2n ** 60n + BigInt(i)] as ((i: number) => string | bigint)[]) {
    const ids = everyone.slice(0, 500).map(name)
    const index = await VectorIndex.build(vectors.subarray(0, 500 * DIM), { dim: DIM, ids })
    t.is((await index.search(row(7), 1))[0]?.id, name(7))
    t.is(await index.remove([name(7), name(9999)]), 1)
    t.not((await index.search(row(7), 1))[0]?.id, name(7))
    await index.upsert([name(1000), name(3)], Float32Array.from([...row(1000), ...row(1001)]))
    const file = path.join(dir, 'index')
    await index.save(file)
    const opened = await VectorIndex.open<string | bigint>(file)
    await opened.check()
    t.is((await opened.search(row(1000), 1))[0]?.id, name(1000))
    t.is((await opened.search(row(1001), 1))[0]?.id, name(3))
    t.is(await opened.vector(name(7)), undefined)
    await opened.upsert([name(7)], row(7))
    t.is((await opened.search(row(7), 1))[0]?.id, name(7))
    t.is((await opened.info()).length, 501)
    const only = await opened.filter([name(12), name(13), name(77_777)])
    t.deepEqual((await opened.search(row(7), 5, { filter: only })).map(({ id }) => id).toSorted(), [name(12), name(13)].toSorted())
    await opened.rebuild()
    t.is((await opened.search(row(1001), 1))[0]?.id, name(3))
  }
})

test('searches go on while vectors are added, and nobody waits for long', async (t) => {
  const index = await VectorIndex.build(vectors.subarray(0, 1000 * DIM), { dim: DIM, metric: 'l2' })
  const state = { done: false }
  const seen: number[] = []
  const adding = index.upsert(everyone.slice(1000), vectors.subarray(1000 * DIM), { onProgress: (n) => seen.push(n) }).then(() => (state.done = true))
  let searches = 0
  while (!state.done) {
    t.is((await index.search(row(5), 1))[0]?.id, 5)
    searches += 1
  }
  await adding
  t.true(searches > 1, `${searches} searches`)
  t.is(seen.at(-1), 3000)
  t.is((await index.search(row(3999), 1))[0]?.id, 3999)
})

test('a lone search is answered between other events, many at once on threads, all alike', async (t) => {
  const index = await VectorIndex.build(vectors, { dim: DIM, metric: 'l2' })
  const state = { ticks: 0 }
  const timer = setInterval(() => (state.ticks += 1), 1)
  const started = performance.now()
  const alone: number[][] = []
  // Awaited one after the other they never keep a timer from firing.
  for (let i = 0; i < 400 || performance.now() - started < 50; i += 1) alone[i % N] = (await index.search(row(i % N), 5)).map(({ id }) => id)
  clearInterval(timer)
  t.true(state.ticks > 1, `${state.ticks} ticks`)
  const together = await Promise.all(alone.map(async (_, i) => (await index.search(row(i), 5)).map(({ id }) => id)))
  t.deepEqual(together, alone)
  const stop = new AbortController()
  const stopped = index.search(row(1), 5, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await t.throwsAsync(stopped, { message: 'enough' })
  await fails(t, 'VECTOR_DIMENSION', () => index.search(new Float32Array(DIM + 1), 1))
  await fails(t, 'VECTOR_NOT_FINITE', () => index.search(new Float32Array(DIM).fill(Number.NaN), 1))
  await fails(t, 'JSON_INVALID', () => index.search(row(0), 1, { ef: 1n as never }))
  t.is((await index.search(row(3), 4000, { ef: 4000 })).length, 4000)
})

test('ids that are saved are those of the vectors that are, whatever happens meanwhile', async (t) => {
  const file = path.join(await folder(t), 'index')
  const index = await VectorIndex.build(vectors.subarray(0, 1000 * DIM), { dim: DIM, ids: everyone.slice(0, 1000).map((i) => `a${i}`) })
  const saves = Array.from({ length: 4 }, async (_, i) => {
    const adding = index.upsert([`b${i}`], row(1000 + i))
    await Promise.all([adding, index.save(file), index.remove([`a${i}`])])
  })
  await Promise.all(saves)
  const opened = await VectorIndex.open<string>(file)
  for (const i of [4, 500, 999]) t.is((await opened.search(row(i), 1))[0]?.id, `a${i}`)
  const all = await opened.searchBatch(row(0), 1100)
  t.true([...all.slots].every((slot, i) => all.scores[i] === Number.NEGATIVE_INFINITY || /^[ab]\d+$/.test(opened.id(slot))))
})

test('what cannot be indexed, asked or opened has a code', async (t) => {
  const index = await VectorIndex.build(vectors.subarray(0, 100 * DIM), { dim: DIM })
  await fails(t, 'VECTOR_TYPE', () => VectorIndex.build([1, 2] as never, { dim: 2 }))
  await fails(t, 'VECTOR_DIMENSION', () => VectorIndex.build(new Float32Array(5), { dim: 2 }))
  await fails(t, 'VECTOR_ZERO', () => VectorIndex.build(new Float32Array(4), { dim: 2 }))
  await fails(t, 'VECTOR_NOT_FINITE', () => VectorIndex.build(Float32Array.from([1, Number.NaN]), { dim: 2 }))
  await fails(t, 'INDEX_OPTION', () => VectorIndex.build(row(0), { dim: DIM, metric: 'taxi' as never }))
  await fails(t, 'INDEX_OPTION', () => VectorIndex.build(row(0), { dim: DIM, degree: 1 }))
  await fails(t, 'VECTOR_COUNT', () => VectorIndex.build(row(0), { dim: DIM, ids: ['a', 'b'] }))
  await fails(t, 'VECTOR_DUPLICATE', () => VectorIndex.build(vectors.subarray(0, 2 * DIM), { dim: DIM, ids: ['a', 'a'] }))
  await fails(t, 'VECTOR_ID', () => VectorIndex.build(vectors.subarray(0, 2 * DIM), { dim: DIM, ids: ['a', 1] as never }))
  await fails(t, 'VECTOR_ID', () => VectorIndex.build(row(0), { dim: DIM, ids: [-1] }))
  await fails(t, 'VECTOR_DIMENSION', () => index.search(new Float32Array(DIM + 1), 1))
  for (const k of [0, 1.5, Number.NaN]) await fails(t, 'SEARCH_REQUEST', () => index.search(row(0), k))
  t.is((await index.search(row(0), 1000)).length, 100)
  await fails(t, 'INDEX_NOT_FOUND', () => VectorIndex.open('/nowhere/at/all'))
  await fails(t, 'INDEX_NOT_FOUND', () => index.save('/nowhere/at/all'))
  const dir = await folder(t)
  const file = path.join(dir, 'index')
  await index.save(file)
  const bytes = await readFile(file)
  await writeFile(path.join(dir, 'short'), bytes.subarray(0, -9))
  await fails(t, 'INDEX_TRUNCATED', () => VectorIndex.open(path.join(dir, 'short')))
  await writeFile(path.join(dir, 'foreign'), 'not an index at all')
  await fails(t, 'INDEX_FOREIGN', () => VectorIndex.open(path.join(dir, 'foreign')))
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 0xff
  await writeFile(path.join(dir, 'damaged'), bytes)
  const damaged = await VectorIndex.open(path.join(dir, 'damaged'))
  await fails(t, 'INDEX_CORRUPT', () => damaged.check())
  const reason = new Error('enough')
  const aborted = VectorIndex.build(vectors, { dim: DIM, signal: AbortSignal.abort(reason) })
  t.is(await t.throwsAsync(aborted), reason)
})
