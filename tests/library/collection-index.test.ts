import { readdir } from 'node:fs/promises'
import test, { type ExecutionContext } from 'ava'
import { open, type Collection, type CollectionIndex } from '../../ts/index.js'
import { serve } from '../helpers/server.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const [N, DIM] = [1500, 16]

function cloud(n: number, seed: number): Float32Array {
  let state = seed
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5
  return Float32Array.from({ length: n * DIM }, next)
}

const records = Array.from({ length: N }, (_, i) => ({ id: `r${i}`, metadata: { even: i % 2 === 0 } }))

async function graphOf(t: ExecutionContext, collection: Collection): Promise<CollectionIndex> {
  for (const patience = Date.now() + 60_000; ; ) {
    const { index } = await collection.info()
    if (index?.state === 'ready') return index
    t.true(Date.now() < patience, JSON.stringify(index))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a collection is searched by a graph above its size, and after it was opened again', async (t) => {
  const dir = await folder(t)
  const vectors = cloud(N, 1)
  const queries = cloud(30, 2)
  let db = await open(dir, { index: { exactBelow: 1000, recall: 0.97 } })
  const exact = await (await database(t, { index: { recall: 1 } })).create('c', { dim: DIM })
  let near = await db.create('c', { dim: DIM })
  for (const collection of [exact, near]) await collection.add(records, { vectors })
  t.is((await (await db.create('words', { model: null })).info()).index, null)
  const compare = async (): Promise<void> => {
    let right = 0
    for (let q = 0; q < 30; q += 1) {
      const request = { vector: queries.subarray(q * DIM, (q + 1) * DIM), filter: { even: true } }
      const [answer, truth] = await Promise.all([near.search(request), exact.search(request)])
      t.deepEqual(Object.keys(answer.hits[0] ?? {}), Object.keys(truth.hits[0] ?? {}))
      const ids = new Set(truth.hits.map(({ id }) => id))
      right += answer.hits.filter(({ id }) => ids.has(id)).length
    }
    t.true(right >= 285, `${right} of 300`)
  }
  const index = await graphOf(t, near)
  t.true((index.recall ?? 0) >= 0.95 && index.bytes > 0 && index.exactBelow === 1000, JSON.stringify(index))
  t.is((await exact.info()).index?.state, 'exact')
  t.deepEqual((await db.stats()).collections.find(({ name }) => name === 'c')?.index?.state, 'ready')
  await compare()
  await db.close()
  t.true((await readdir(dir)).some((name) => /^vectors-\d+\.index$/.test(name)))
  db = await open(dir, { index: { exactBelow: 1000, recall: 0.97 } })
  t.teardown(() => db.close())
  near = await db.collection('c')
  await near.search({ vector: queries.subarray(0, DIM) })
  t.true((await graphOf(t, near)).fileBytes > 0)
  await compare()
})

test('a recall that can’t be is refused', async (t) => {
  for (const recall of [0, -1, 1.01]) await fails(t, 'INDEX_OPTION', async () => open(await folder(t), { index: { recall } }))
})

test('a server tells how far the index is', async (t) => {
  const { call } = await serve(t, { 'index.exactBelow': 100 })
  await call('POST', '/v1/collections', { name: 'c', dim: 4 })
  const vector = (i: number): number[] => [Math.sin(i), Math.cos(i * 2), Math.sin(i * 3), 1]
  await call('POST', '/v1/collections/c/records', Array.from({ length: 400 }, (_, i) => ({ id: `r${i}`, vector: vector(i) })))
  t.is(((await call('POST', '/v1/collections/c/search', { vector: vector(3), limit: 1 })).json['hits'] as Array<{ id: string }>)[0]?.id, 'r3')
  const state = async (): Promise<string> => ((await call('GET', '/v1/collections/c')).json['index'] as CollectionIndex).state
  for (const patience = Date.now() + 60_000; (await state()) !== 'ready'; ) t.true(Date.now() < patience)
  t.is(((await call('POST', '/v1/collections/c/search', { vector: vector(5), limit: 1 })).json['hits'] as Array<{ id: string }>)[0]?.id, 'r5')
  t.regex((await call('GET', '/metrics')).text, /canopy_index_bytes\{collection="c"\} [1-9]/)
})
