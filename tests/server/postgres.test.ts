import { openPostgres, schemaUrl } from '../helpers/places.js'
import { call, serve } from '../helpers/server.js'
import { using } from '../helpers/services.js'

const onPostgres = using('postgres')

onPostgres('postgres: the server works over it as over a folder, and measures its searches', async (t) => {
  const url = schemaUrl(t)
  const { call: ask, url: base } = await serve(t, { 'store.url': url })
  t.is((await ask('POST', '/v1/collections', { name: 'notes' })).status, 201)
  t.is((await ask('POST', '/v1/collections/notes/records', [{ id: 'tea', text: 'Green tea is brewed below boiling' }, { id: 'car', text: 'A car has four wheels' }])).status, 200)
  const lines = await call(`${base}/v1/collections/notes/import`, 'POST', '{"id":"bread","text":"Bread is baked from flour"}\n', { 'content-type': 'application/x-ndjson' })
  t.like(lines.json, { read: 1, inserted: 1 })
  const found = await ask('POST', '/v1/collections/notes/search', { text: 'how hot should the water be', highlight: true })
  t.is((found.json['hits'] as Array<{ id: string }>)[0]?.id, 'tea')
  t.is((await ask('GET', '/v1/collections/notes/records/car')).json['text'], 'A car has four wheels')
  t.is((await ask('GET', '/v1/collections/notes/records/tea/similar')).status, 200)
  t.is((await ask('DELETE', '/v1/collections/notes/records/car')).status, 204)
  t.is((await ask('GET', '/v1/stats')).status, 200)
  const { text } = await ask('GET', '/metrics')
  t.regex(text, /^pgvector_query_ms \d/m)
  t.regex(text, /^pgvector_query_duration_ms_count [1-9]/m)
  t.regex(text, /^canopy_records\{collection="notes"\} 2$/m)
})

onPostgres('postgres: a second server sees at once what the first one stored', async (t) => {
  const url = schemaUrl(t)
  const [one, two] = [await serve(t, { 'store.url': url }), await serve(t, { 'store.url': url })]
  await one.call('POST', '/v1/collections', { name: 'notes', model: null })
  await one.call('POST', '/v1/collections/notes/records', [{ id: 'a', text: 'zirconium' }])
  t.is(((await two.call('POST', '/v1/collections/notes/search', { text: 'zirconium' })).json['hits'] as unknown[]).length, 1)
  const db = await openPostgres(t, url)
  await db.drop('notes')
  t.is((await two.call('POST', '/v1/collections/notes/search', { text: 'zirconium' })).status, 404)
})
