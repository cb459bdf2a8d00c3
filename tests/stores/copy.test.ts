import path from 'node:path'
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { copyDatabase, open } from '../../ts/index.js'
import { canopy } from '../helpers/cli.js'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { using } from '../helpers/services.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const onPostgres = using('postgres')
const records = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, text: `text ${i} é🍵`, metadata: { i, z: { b: 1, a: [i, null] } } }))

onPostgres('copy: a folder to PostgreSQL and back is what it was', async (t) => {
  const [here, back] = [await database(t), await database(t)]
  const there = await openPostgres(t, schemaUrl(t))
  const notes = await here.create('notes', { model: 'static-en' })
  await notes.add(records(2500))
  await (await here.create('points', { dim: 3, metric: 'l2' })).add(records(20).map((record, i) => ({ ...record, vector: [i, 1 / 3, -0] })))
  await (await here.create('words', { model: null })).add(records(5))
  const out = await copyDatabase(here, there)
  t.deepEqual(out.map(({ collection, records: count }) => [collection, count]), [['notes', 2500], ['points', 20], ['words', 5]])
  const again = await copyDatabase(there, back)
  t.deepEqual(again.map(({ digest }) => digest), out.map(({ digest }) => digest))
  t.deepEqual((await back.collections()).map(({ name, vectors }) => [name, vectors]), (await here.collections()).map(({ name, vectors }) => [name, vectors]))
  t.is((await (await there.collection('notes')).search('text 7')).hits[0]?.id, (await notes.search('text 7')).hits[0]?.id)
})

onPostgres('copy: halves are compared as halves', async (t) => {
  const here = await database(t)
  await (await here.create('points', { dim: 2 })).add([{ id: 'a', text: 'a', vector: [1 / 3, 1e-6] }, { id: 'b', text: 'b', vector: [70_000, -2e-8] }, { id: 'c', text: 'c', vector: [2049, 0.1] }])
  const there = await openPostgres(t, schemaUrl(t), { storage: 'halfvec' })
  const [report] = await copyDatabase(here, there)
  t.is(report?.records, 3)
  t.deepEqual((await (await there.collection('points')).get('c', { vector: true }))?.vector?.map(Math.fround), [2048, 0.0999755859375])
})

test('copy: one that is interrupted goes on where it was, and one that meets other vectors is refused', async (t) => {
  const [here, there] = [await database(t), await database(t)]
  await (await here.create('notes', { dim: 2 })).add(records(3000).map((record) => ({ ...record, vector: [1, 2] })))
  const state = path.join(await folder(t), 'state.json')
  const controller = new AbortController()
  await t.throwsAsync(() => copyDatabase(here, there, { state, signal: controller.signal, onProgress: (done) => done >= 1000 && controller.abort(new Error('stop')) }), { message: 'stop' })
  t.is((JSON.parse(await readFile(state, 'utf8')) as { copied: number }).copied, 1000)
  const [report] = await copyDatabase(here, there, { state })
  t.like(report, { records: 3000, resumed: 1000 })
  const other = await database(t)
  await other.create('notes', { dim: 3 })
  await fails(t, 'COPY_SPEC', () => copyDatabase(here, other))
  await (await there.collection('notes')).add({ id: 'stranger', text: 'x', vector: [1, 2] })
  await fails(t, 'COPY_MISMATCH', () => copyDatabase(here, there))
})

onPostgres('copy: the command goes both ways', async (t) => {
  const cwd = await folder(t)
  const db = await open(path.join(cwd, 'data'))
  await (await db.create('notes')).add(records(30))
  await db.close()
  const url = schemaUrl(t)
  const out = await canopy(['copy', 'embedded://data', url], { cwd })
  t.is(out.code, 0, out.stderr)
  t.regex(out.stdout, /30 records copied.*both sides the same/)
  const back = await canopy(['copy', url, 'other', '--json'], { cwd })
  t.is(back.code, 0, back.stderr)
  const found = await canopy(['search', 'notes', 'text 12', '--json'], { cwd, env: { CANOPY_STORE_URL: url } })
  t.is(found.code, 0, found.stderr)
  t.true((JSON.parse(found.stdout) as { hits: unknown[] }).hits.length > 0)
})
