import { conform } from '../helpers/places.js'

conform('records are added, read, replaced, listed by page and removed', async (t, database) => {
  const db = await database(t)
  const notes = await db.create('notes')
  const added = await notes.add([
    { id: 'a', text: 'Green tea is brewed below boiling', metadata: { lang: 'en', year: 2020 } },
    { id: 'b', text: 'Black tea takes boiling water', metadata: { lang: 'en', year: 2021 } },
  ])
  t.deepEqual(added.map(({ id, outcome }) => [id, outcome]), [['a', 'inserted'], ['b', 'inserted']])
  t.like(await notes.get('a'), { id: 'a', text: 'Green tea is brewed below boiling', metadata: { lang: 'en', year: 2020 } })
  t.is(await notes.get('nobody'), undefined)

  t.deepEqual((await notes.upsert({ id: 'a', text: 'White tea' })).map(({ outcome }) => outcome), ['replaced'])
  t.is((await notes.get('a'))?.text, 'White tea')

  const first = await notes.list({ limit: 1 })
  t.is(first.records.length, 1)
  const second = await notes.list({ limit: 1, after: first.next ?? undefined })
  t.deepEqual([first.records[0]?.id, second.records[0]?.id], ['a', 'b'])
  t.is(second.next, null)

  t.deepEqual((await notes.remove(['a', 'nobody'])).map(({ outcome }) => outcome), ['deleted', 'not_found'])
  t.is((await notes.info()).count, 1)
})

conform('ten thousand records pass in order, with progress', async (t, database) => {
  const db = await database(t)
  const notes = await db.create('many', { model: null })
  const seen: number[] = []
  const outcomes = await notes.add(Array.from({ length: 10_000 }, (_, i) => ({ id: `r${i}`, text: `text ${i}` })), { onProgress: (done) => seen.push(done) })
  t.is(outcomes.length, 10_000)
  t.is(outcomes[9_999]?.id, 'r9999')
  t.deepEqual(seen, Array.from({ length: 20 }, (_, i) => Math.min(10_000, (i + 1) * 512)))
  let count = 0
  for await (const record of notes.records()) count += record.text.length > 0 ? 1 : 0
  t.is(count, 10_000)
})

conform('a matrix of vectors belongs to its records', async (t, database) => {
  const db = await database(t)
  const points = await db.create('points', { dim: 3, metric: 'l2' })
  const matrix = Float32Array.from({ length: 1100 * 3 }, (_, i) => Math.floor(i / 3))
  await points.add(Array.from({ length: 1100 }, (_, i) => ({ id: `p${i}`, text: `p ${i}` })), { vectors: matrix })
  const { hits } = await points.search({ vector: [1030, 1030, 1030], limit: 1 })
  t.is(hits[0]?.id, 'p1030')
  t.deepEqual((await points.get('p1099', { vector: true }))?.vector, [1099, 1099, 1099])
})

conform('a dropped collection is gone, and one of its name can be made anew', async (t, database) => {
  const db = await database(t)
  await (await db.create('notes')).add({ id: 'a', text: 'x y z' })
  await db.drop('notes')
  t.deepEqual(await db.collections(), [])
  t.is((await (await db.create('notes')).info()).count, 0)
})
