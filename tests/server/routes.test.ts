import test from 'ava'
import { serve } from '../helpers/server.js'

test('a collection lives from its making to its end', async (t) => {
  const { call } = await serve(t)
  const made = await call('POST', '/v1/collections', { name: 'notes' })
  t.is(made.status, 201)
  t.is(made.headers.get('location'), '/v1/collections/notes')
  t.like(made.json, { name: 'notes', count: 0 })
  t.like((await call('GET', '/v1/collections')).json, { collections: [{ name: 'notes' }] })

  const written = await call('POST', '/v1/collections/notes/records', [{ id: 'a', text: 'Green tea' }, { id: 'b', text: 'Black coffee', metadata: { hot: true } }])
  t.is(written.status, 200)
  t.like(written.json, { 0: { id: 'a', outcome: 'inserted' } })
  t.is((await call('PUT', '/v1/collections/notes/records/c', { text: 'Bread and butter' })).status, 201)
  t.is((await call('PUT', '/v1/collections/notes/records/c', { text: 'Bread' })).status, 200)
  t.like((await call('GET', '/v1/collections/notes/records/b')).json, { id: 'b', text: 'Black coffee', metadata: { hot: true } })

  const found = await call('POST', '/v1/collections/notes/search', { text: 'coffee', highlight: true })
  t.is(found.status, 200)
  t.regex(found.headers.get('content-type') ?? '', /^application\/json/)
  t.like((found.json['hits'] as object[])[0], { id: 'b' })
  t.is((await call('GET', '/v1/collections/notes/records/b/similar?limit=1')).status, 200)

  t.is((await call('DELETE', '/v1/collections/notes/records/b')).status, 204)
  t.is((await call('GET', '/v1/collections/notes/records/b')).status, 404)
  t.is((await call('POST', '/v1/collections/notes/rebuild')).status, 200)
  t.is((await call('DELETE', '/v1/collections/notes')).status, 204)
  t.is((await call('GET', '/v1/collections/notes')).status, 404)
})

test('records are listed by page, and filtered', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  await call('POST', '/v1/collections/n/records', Array.from({ length: 25 }, (_, i) => ({ id: `r${String(i).padStart(2, '0')}`, text: `t ${i}`, metadata: { even: i % 2 === 0 } })))
  const ids: string[] = []
  let after = ''
  do {
    const { json } = await call('GET', `/v1/collections/n/records?limit=10${after}`)
    ids.push(...(json['records'] as Array<{ id: string }>).map(({ id }) => id))
    after = json['next'] === null ? '' : `&after=${encodeURIComponent(String(json['next']))}`
  } while (after !== '')
  t.is(new Set(ids).size, 25)
  const even = await call('GET', `/v1/collections/n/records?limit=100&filter=${encodeURIComponent('{"even":true}')}`)
  t.is((even.json['records'] as object[]).length, 13)
})

test('streams of JSON lines and CSV are imported', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  const lines = Array.from({ length: 5_000 }, (_, i) => JSON.stringify({ id: `j${i}`, text: `line ${i}` })).join('\n')
  const jsonl = await call('POST', '/v1/collections/n/import', lines, { 'content-type': 'application/x-ndjson' })
  t.is(jsonl.status, 200, jsonl.text)
  t.like(jsonl.json, { read: 5_000, inserted: 5_000, skipped: 0 })
  const csv = await call('POST', '/v1/collections/n/import?textField=body&idField=key', 'key,body,lang\nc1,"Tea, green",en\nc2,Kaffee,de\n', { 'content-type': 'text/csv' })
  t.like(csv.json, { inserted: 2 })
  t.like((await call('GET', '/v1/collections/n/records/c1')).json, { text: 'Tea, green', metadata: { lang: 'en' } })
})

test('ids and names with any characters work in addresses', async (t) => {
  const { call } = await serve(t)
  const name = 'früh % ?#&'
  t.is((await call('POST', '/v1/collections', { name, model: null })).status, 201)
  const base = `/v1/collections/${encodeURIComponent(name)}/records`
  for (const id of ['a/b', '🍵', 'with space', '%2F', 'x'.repeat(500)]) {
    const address = `${base}/${encodeURIComponent(id).replaceAll('.', '%2E')}`
    t.is((await call('PUT', address, { text: 'x' })).status, 201, id)
    t.is((await call('GET', address)).json['id'], id)
  }
})

test('records like one are filtered, paged and cut off', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'p', dim: 2 })
  await call('POST', '/v1/collections/p/records', Array.from({ length: 6 }, (_, i) => ({ id: `r${i}`, text: `r ${i}`, vector: [10, i], metadata: { even: i % 2 === 0 } })))
  const similar = async (parameters: string): Promise<string[]> => {
    const { json } = await call('GET', `/v1/collections/p/records/r0/similar?${parameters}`)
    return (json['hits'] as Array<{ id: string }>).map(({ id }) => id)
  }
  t.deepEqual(await similar(''), ['r1', 'r2', 'r3', 'r4', 'r5'])
  t.deepEqual(await similar('limit=2&offset=1'), ['r2', 'r3'])
  t.deepEqual(await similar(`filter=${encodeURIComponent('{"even":true}')}`), ['r2', 'r4'])
  t.deepEqual(await similar('minScore=0.98'), ['r1', 'r2'])
})

test('health, readiness and metrics answer', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  t.deepEqual((await call('GET', '/healthz')).json, { status: 'ok' })
  t.deepEqual((await call('GET', '/readyz')).json, { status: 'ok' })
  const { text, headers } = await call('GET', '/metrics')
  t.regex(headers.get('content-type') ?? '', /^text\/plain/)
  t.regex(text, /canopy_records\{collection="n"\} 0/)
  t.regex(text, /canopy_http_request_seconds_count\{method="POST",route="\/v1\/collections",status="201"\} 1/)
})

test('models and sizes are told', async (t) => {
  const { call } = await serve(t)
  const { json } = await call('GET', '/v1/models')
  t.true((json['models'] as Array<{ name: string }>).some(({ name }) => name === 'static-en'))
  t.true(Number((await call('GET', '/v1/stats')).json['diskBytes']) > 0)
})

test('the page, the description and the API page are served, and name nothing outside', async (t) => {
  const { call } = await serve(t)
  for (const path of ['/', '/page.js', '/page.css', '/docs/']) {
    const { status, text, headers } = await call('GET', path)
    t.is(status, 200, path)
    t.notRegex(text, /(src|href)="(https?:)?\/\//, path)
    t.regex(headers.get('content-security-policy') ?? '', /default-src 'self'/)
  }
  t.is((await call('GET', '/openapi.json')).json['openapi'], '3.1.0')
})

test('every answer carries its request id, and errors repeat it', async (t) => {
  const { call } = await serve(t)
  const { json, headers } = await call('GET', '/v1/collections/none')
  t.is(json['requestId'], headers.get('x-request-id'))
  t.deepEqual(Object.keys(json).toSorted(), ['code', 'message', 'requestId', 'statusCode'])
})
