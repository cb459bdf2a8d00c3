import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { AnyCollection } from '../../ts/index.js'
import { conform, type Opener } from '../helpers/places.js'

const DOCUMENTS = [
  { id: 'tea', text: 'Green tea is brewed with water below boiling', metadata: { kind: 'drink', year: 2019, tags: ['hot', 'leaf'] } },
  { id: 'coffee', text: 'Coffee beans are roasted and ground', metadata: { kind: 'drink', year: 2021, tags: ['hot'] } },
  { id: 'bread', text: 'Bread is baked from flour and water', metadata: { kind: 'food', year: 2020 } },
  { id: 'violin', text: 'A violin has four strings and is played with a bow', metadata: { kind: 'music', year: 1999, maker: { town: 'Cremona' } } },
]

async function kitchen(t: ExecutionContext, database: Opener): Promise<AnyCollection> {
  const collection = await (await database(t)).create('kitchen')
  await collection.add(DOCUMENTS)
  return collection
}

conform('keywords, meaning and both find what they should', async (t, database) => {
  const collection = await kitchen(t, database)
  t.is((await collection.search({ text: 'violin', mode: 'keyword' })).hits[0]?.id, 'violin')
  t.is((await collection.search({ text: 'instrument', mode: 'vector' })).hits[0]?.id, 'violin')
  const both = await collection.search('green tea')
  t.is(both.hits[0]?.id, 'tea')
  t.is(both.mode, 'hybrid')
  t.true(both.hits[0]?.scores?.keyword !== undefined && both.hits[0]?.scores?.vector !== undefined)
  t.true(both.tookMs >= 0)
})

conform('highlights mark the words by offsets that JavaScript slices by', async (t, database) => {
  const collection = await kitchen(t, database)
  await collection.add({ id: 'emoji', text: '🍵🍵 matcha is <b>green</b>' })
  const { hits } = await collection.search({ text: 'matcha', highlight: true, mode: 'keyword' })
  const [fragment] = hits[0]?.highlights ?? []
  t.deepEqual(fragment?.spans.map(([start, end]) => fragment.text.slice(start, end)), ['matcha'])
  t.regex(fragment?.html ?? '', /<mark>matcha<\/mark> is &lt;b&gt;/)
})

conform('filters apply before the cut', async (t, database) => {
  const collection = await kitchen(t, database)
  const find = async (filter: object): Promise<string[]> => (await collection.search({ text: 'water', mode: 'vector', limit: 4, filter: filter as Record<string, never> })).hits.map(({ id }) => id).toSorted()
  t.deepEqual(await find({ kind: 'drink' }), ['coffee', 'tea'])
  t.deepEqual(await find({ year: { gte: 2020, lt: 2022 } }), ['bread', 'coffee'])
  t.deepEqual(await find({ kind: { in: ['food', 'music'] } }), ['bread', 'violin'])
  t.deepEqual(await find({ or: [{ tags: 'leaf' }, { 'maker.town': 'Cremona' }] }), ['tea', 'violin'])
  t.deepEqual(await find({ not: { kind: 'drink' }, year: { gt: 1 } }), ['bread', 'violin'])
  const one = await collection.search({ text: 'water', mode: 'vector', limit: 1, filter: { kind: 'music' } })
  t.deepEqual(one.hits.map(({ id }) => id), ['violin'])
})

conform('pages follow each other and end', async (t, database) => {
  const collection = await kitchen(t, database)
  const first = await collection.search({ text: 'water', mode: 'vector', limit: 3 })
  const rest = await collection.search({ text: 'water', mode: 'vector', limit: 3, offset: first.next ?? 0 })
  t.is(first.next, 3)
  t.is(rest.next, null)
  t.is(new Set([...first.hits, ...rest.hits].map(({ id }) => id)).size, 4)
})

conform('a floor leaves weak hits out', async (t, database) => {
  const collection = await kitchen(t, database)
  const all = await collection.search({ text: 'tea', mode: 'vector' })
  const floor = all.hits[0]?.score ?? 0
  const best = await collection.search({ text: 'tea', mode: 'vector', minScore: floor - 1e-6 })
  t.true(best.hits.length < all.hits.length && best.hits.length > 0)
})

conform('similar records are others', async (t, database) => {
  const collection = await kitchen(t, database)
  const { hits } = await collection.similar('tea', { limit: 2 })
  t.is(hits.length, 2)
  t.false(hits.some(({ id }) => id === 'tea'))
})

conform('a record is found as soon as it is added, changed or removed', async (t, database) => {
  const collection = await kitchen(t, database)
  await collection.search('warm up')
  await collection.add({ id: 'new', text: 'Zirconium is a metal' })
  t.is((await collection.search('zirconium')).hits[0]?.id, 'new')
  await collection.upsert({ id: 'new', text: 'Helium is a gas' })
  t.is((await collection.search({ text: 'helium', mode: 'keyword' })).hits[0]?.id, 'new')
  t.is((await collection.search({ text: 'zirconium', mode: 'keyword' })).hits.length, 0)
  await collection.remove('new')
  t.is((await collection.search({ text: 'helium', mode: 'keyword' })).hits.length, 0)
})

conform('any text that a person can type is a valid query', async (t, database) => {
  const collection = await kitchen(t, database)
  const nasty = ['"', '""', "'", 'a AND', 'NOT', 'NEAR(', 'tea*', '-tea', 'a-b-c', '^', 'col:tea', '(((', '🍵', '👩‍👩‍👧‍👦', '\u0000', '\uD800', '%', '\\', '日本語', 'x'.repeat(100_000), 'tea '.repeat(25_000)]
  for (const text of nasty) await t.notThrowsAsync(() => collection.search({ text, highlight: true }), text.slice(0, 20))
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('hybrid', 'keyword', 'vector'), async (text, mode) => {
    await collection.search({ text, mode, highlight: true })
  }), { numRuns: 100 })
  t.pass()
})

conform('many queries in one call answer as one by one', async (t, database) => {
  const db = await database(t)
  const points = await db.create('points', { dim: 2, metric: 'l2' })
  await points.add(Array.from({ length: 50 }, (_, i) => ({ id: `p${i}`, text: `p${i}`, vector: [i, -i] })))
  const queries = Float32Array.from([3, -3, 40, -40])
  const answers = await points.searchBatch(queries, { limit: 2 })
  t.deepEqual(answers.map(({ hits }) => hits[0]?.id), ['p3', 'p40'])
})

conform('a rare word weighs more than one that every record has, and a short record more than a long one', async (t, database) => {
  const db = await database(t)
  const notes = await db.create('notes', { model: null })
  const many = Array.from({ length: 40 }, (_, i) => ({ id: `common${i}`, text: `water water water boils in kettle number ${i}` }))
  const padding = Array.from({ length: 60 }, (_, i) => `filler${i}`).join(' ')
  await notes.add([...many, { id: 'long', text: `zirconium is named among much else: ${padding}` }, { id: 'short', text: 'zirconium melts' }])
  const { hits } = await notes.search({ text: 'water zirconium', mode: 'keyword', limit: 5 })
  t.deepEqual(hits.slice(0, 2).map(({ id }) => id), ['short', 'long'])
})
