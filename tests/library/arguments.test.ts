import test from 'ava'
import { open } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

// What callers without types may pass. Each is refused with a code, and nothing is stored.
const wrong = <T>(value: unknown): T => value as T

test('arguments of another type', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const notes = await db.create('notes', { dim: 2 })
  for (const name of [undefined, null, 5, {}]) {
    await fails(t, 'ARGUMENT', () => db.collection(wrong(name)))
    await fails(t, 'ARGUMENT', () => db.create(wrong(name)))
    await fails(t, 'ARGUMENT', () => db.drop(wrong(name)))
    await fails(t, 'ARGUMENT', () => notes.get(wrong(name)))
    await fails(t, 'ARGUMENT', () => notes.similar(wrong(name)))
    await fails(t, 'ARGUMENT', () => notes.import(wrong(name)))
    await fails(t, 'ARGUMENT', () => db.embed(wrong(name), ['x']))
    await fails(t, 'ARGUMENT', () => open(wrong(name)))
  }
  for (const record of [null, undefined, [null], 'text', [['id', 'text']], [['only', 'text', null, null]]]) await fails(t, 'JSON_INVALID', () => notes.add(wrong(record)))
  for (const ids of [undefined, 5, [5]]) await fails(t, 'JSON_INVALID', () => notes.remove(wrong(ids)))
  await fails(t, 'ARGUMENT', () => notes.put({ text: 'x' }, wrong('replace')))
  await fails(t, 'ARGUMENT', () => notes.add({ text: 'x' }, { vectors: wrong([1, 2]) }))
  await fails(t, 'ARGUMENT', () => notes.searchBatch(wrong([1, 2])))
  for (const vector of [null, 'ab', {}]) await fails(t, 'ARGUMENT', () => notes.search({ vector: wrong(vector) }))
  for (const request of [undefined, null, {}]) await fails(t, 'SEARCH_EMPTY', () => notes.search(wrong(request)))
  await fails(t, 'JSON_INVALID', () => notes.search({ text: wrong(5) }))
  await fails(t, 'SEARCH_REQUEST', () => notes.search({ text: 'x', minScore: Number.NaN }))
  t.is((await notes.info()).count, 0)
})

test('an empty name of a folder does not mean the current one', async (t) => {
  await fails(t, 'ARGUMENT', () => open(''))
})

test('metadata that JSON cannot hold', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const notes = await db.create('notes', { model: null })
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  let deep: unknown = 1
  for (let i = 0; i < 20_000; i += 1) deep = [deep]
  for (const value of [1n, cycle, deep]) await fails(t, 'JSON_INVALID', () => notes.add({ text: 'x', metadata: wrong({ value }) }))
  t.is((await notes.info()).count, 0)
})

test('what the parser refuses is said in words of JSON', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const notes = await db.create('notes', { model: null })
  for (const limit of [-1, 1.5, '5', 1e300]) {
    const error = await fails(t, 'JSON_INVALID', () => notes.search({ text: 'x', limit: wrong(limit) }))
    t.notRegex(error?.message ?? '', /usize|u32|u64|f32|struct|sequence/)
    t.regex(error?.message ?? '', /whole number/)
  }
})

test('a page holds vectors only where they are asked for', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const points = await db.create('points', { dim: 2 })
  await points.add({ id: 'a', text: 'a', vector: [1, 2] })
  t.false('vector' in (await points.list()).records[0]!)
  t.deepEqual((await points.list({ vectors: true })).records[0]?.vector, [1, 2])
})
