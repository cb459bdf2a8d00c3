import pg from 'pg'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { at, using } from '../helpers/services.js'
import { fails } from '../helpers/throws.js'

const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ id: `r${from + i}`, text: `text ${from + i}`, vector: [i, 1] }))

using('postgres')('postgres: batches that are loaded side by side end in their order: what is in front of an error stays, nothing behind it does', async (t) => {
  const db = await openPostgres(t, schemaUrl(t))
  const notes = await db.create('notes', { dim: 2 })
  const seen: number[] = []
  const outcomes = await notes.add(rows(10_000), { onProgress: (done) => seen.push(done) })
  t.deepEqual([outcomes.length, outcomes[9_999]?.id], [10_000, 'r9999'])
  t.deepEqual(seen, [2048, 4096, 6144, 8192, 10_000])
  let after = 0
  for await (const { id } of notes.records({ limit: 1000 })) t.is(id, `r${after++}`, 'in the order in which they came')
  // The fourth batch meets one that is there, the third is named twice.
  const again = [...rows(6144, 20_000), { id: 'r5', text: 'taken', vector: [0, 1] }, ...rows(4000, 40_000)]
  const error = await fails(t, 'RECORD_EXISTS', () => notes.add(again))
  t.is(error?.written, 6144)
  t.is((await notes.info()).count, 16_144)
  const twice = [...rows(3000, 60_000), ...rows(1, 60_001), ...rows(3000, 70_000)]
  const second = await fails(t, 'RECORD_EXISTS', () => notes.add(twice))
  t.is(second?.written, 2048)
  t.is((await notes.info()).count, 18_192)
})

using('postgres')('postgres: a load and another writer that wait for each other through batches of the load don’t wait for ever', async (t) => {
  t.timeout(60_000)
  const url = schemaUrl(t)
  const db = await openPostgres(t, url)
  const notes = await db.create('notes', { dim: 2 })
  const other = new pg.Client({ connectionString: at('postgres') })
  await other.connect()
  t.teardown(() => other.end())
  await other.query(`set search_path = ${new URL(url).searchParams.get('schema') ?? ''}`)
  const take = (id: string) => other.query("insert into records (collection, id, text, metadata, fields, created_ms, updated_ms) values (1, $1, '', '{}', '{}', 1, 1)", [id])
  await other.query('begin')
  await take('r5')
  // The first batch waits for the other writer, which comes to wait for the second, which waits for its turn.
  const load = notes.add(rows(6000))
  await new Promise((resolve) => setTimeout(resolve, 700))
  await take('r3000')
  await other.query('rollback')
  t.is((await load).length, 6000)
  t.is((await notes.info()).count, 6000)
})
