import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '../../ts/config/load.js'
import { startServer } from '../../ts/server/start.js'
import { corrupt, foreign, newer } from '../helpers/damage.js'
import { serve, type Answer } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

function refused(t: ExecutionContext, { status, json, text }: Answer, expected: number, code: string): void {
  t.is(status, expected, text)
  t.is(json.code, code, text)
  t.is(json['statusCode'], expected)
  t.regex(json.message ?? '', /\w+ \w+ \w+/, 'a sentence')
}

test('wrong dimension, numbers that are none, empty text, duplicates, unknown collections', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'p', dim: 3 })
  const records = '/v1/collections/p/records'
  refused(t, await call('POST', records, [{ id: 'a', text: 'a', vector: [1, 2] }]), 400, 'VECTOR_DIMENSION')
  refused(t, await call('POST', '/v1/collections/p/search', { vector: [1, 2] }), 400, 'VECTOR_DIMENSION')
  refused(t, await call('POST', records, '[{"id":"a","text":"a","vector":[NaN,1,2]}]'), 400, 'JSON_INVALID')
  refused(t, await call('PUT', `${records}/a`, '{"text":"a","vector":[1e999,1,2]}'), 400, 'VECTOR_NOT_FINITE')
  refused(t, await call('POST', '/v1/collections/p/search', { vector: [1, 2, 1e39] }), 400, 'VECTOR_NOT_FINITE')
  refused(t, await call('POST', '/v1/collections/p/search', { vector: [1, null, 3] }), 400, 'REQUEST_INVALID')
  refused(t, await call('POST', records, [{ id: 'a', text: '' }]), 400, 'TEXT_EMPTY')
  refused(t, await call('POST', '/v1/collections/p/search', {}), 400, 'SEARCH_EMPTY')
  t.is((await call('POST', records, [{ id: 'a', text: 'a', vector: [1, 2, 3] }])).status, 200)
  refused(t, await call('POST', records, [{ id: 'a', text: 'a', vector: [1, 2, 3] }]), 409, 'RECORD_EXISTS')
  refused(t, await call('POST', `${records}?mode=update`, [{ id: 'z', text: 'a' }]), 404, 'RECORD_NOT_FOUND')
  refused(t, await call('GET', `${records}/nobody`), 404, 'RECORD_NOT_FOUND')
  refused(t, await call('DELETE', `${records}/nobody`), 404, 'RECORD_NOT_FOUND')
  refused(t, await call('POST', '/v1/collections/nobody/search', { text: 'a' }), 404, 'COLLECTION_NOT_FOUND')
  refused(t, await call('POST', '/v1/collections', { name: 'p' }), 409, 'COLLECTION_EXISTS')
  refused(t, await call('POST', '/v1/collections', { name: 'a/b' }), 400, 'COLLECTION_NAME')
  refused(t, await call('POST', '/v1/collections', { name: 'q', model: 'gpt-9' }), 400, 'MODEL_UNKNOWN')
  refused(t, await call('POST', '/v1/collections/p/rebuild', { model: 'gpt-9' }), 400, 'MODEL_UNKNOWN')
  t.regex((await call('POST', records, [{ id: 'b', text: 'b', vector: [1, 2] }])).json.message ?? '', /\b2\b.*\b3\b/, 'what was received and what would be right')
})

test('bodies that cannot be read', async (t) => {
  const { call } = await serve(t, { 'server.bodyLimit': 10_000, 'server.importLimit': 100_000 })
  await call('POST', '/v1/collections', { name: 'n', model: null })
  const search = '/v1/collections/n/search'
  const records = '/v1/collections/n/records'
  refused(t, await call('POST', search, '{"text":'), 400, 'JSON_INVALID')
  refused(t, await call('POST', records, '[{"id":'), 400, 'JSON_INVALID')
  refused(t, await call('POST', records, '{"id":"a"}'), 400, 'JSON_INVALID')
  refused(t, await call('POST', search, '{"__proto__":{"a":1},"text":"x"}'), 400, 'REQUEST_INVALID')
  const broken = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
  refused(t, await call('POST', search, broken), 400, 'ENCODING_INVALID')
  refused(t, await call('POST', records, broken), 400, 'ENCODING_INVALID')
  refused(t, await call('POST', search, { text: 'x'.repeat(20_000) }), 413, 'BODY_TOO_LARGE')
  refused(t, await call('POST', search, 'text=x', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'MEDIA_TYPE')
  refused(t, await call('POST', search, { text: 'x', limit: -1 }), 400, 'REQUEST_INVALID')
  refused(t, await call('POST', search, { text: 'x', limits: 3 }), 400, 'REQUEST_INVALID')
  refused(t, await call('POST', search, { text: 5 }), 400, 'REQUEST_INVALID')
  refused(t, await call('POST', search, { text: 'x', filter: { a: { near: 1 } } }), 400, 'FILTER_INVALID')
  refused(t, await call('GET', `${records}?limit=many`), 400, 'REQUEST_INVALID')
  refused(t, await call('GET', `${records}?filter=%7B`), 400, 'REQUEST_INVALID')
  for (const path of [`${records}?limits=3`, `${records}/a?vectors=true`, `${records}/a/similar?filters=%7B%7D`]) refused(t, await call('GET', path), 400, 'REQUEST_INVALID')
  const mistyped = await call('POST', `${records}?mode=upsrt`, [{ id: 'a', text: 'x' }])
  refused(t, mistyped, 400, 'REQUEST_INVALID')
  t.regex(mistyped.json.message ?? '', /insert, upsert, update/, 'what would be right')
  refused(t, await call('POST', records, 'x', { 'content-type': 'text/plain' }), 415, 'MEDIA_TYPE')
  refused(t, await call('GET', '/v2/nothing'), 404, 'ROUTE_NOT_FOUND')
  refused(t, await call('GET', '/v1/collections/%E0%A4%A'), 400, 'REQUEST_INVALID')
})

test('JSON of thousands of levels', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  refused(t, await call('POST', '/v1/collections/n/search', `{"text":"x","filter":{"a":${deep}}}`), 400, 'JSON_INVALID')
  refused(t, await call('PUT', '/v1/collections/n/records/a', `{"text":"x","metadata":{"a":${deep}}}`), 400, 'JSON_INVALID')
  refused(t, await call('POST', '/v1/collections/n/records', `[{"id":"a","text":"x","metadata":{"a":${deep}}}]`), 400, 'RECORD_METADATA')
})

test('a key named __proto__ is a key like others, by both ways of writing', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  const fields = '"text":"x","metadata":{"__proto__":{"a":1},"constructor":5}'
  t.is((await call('POST', '/v1/collections/n/records', `[{"id":"a",${fields}}]`)).status, 200)
  t.is((await call('PUT', '/v1/collections/n/records/b', `{${fields}}`)).status, 201)
  for (const id of ['a', 'b']) t.true((await call('GET', `/v1/collections/n/records/${id}`)).text.includes('"metadata":{"__proto__":{"a":1},"constructor":5}'), id)
  t.is(({} as { a?: number }).a, undefined)
})

test('what is no HTTP request is refused in the form of all errors', async (t) => {
  const { url } = await serve(t)
  const { port, hostname } = new URL(url)
  for (const [sent, status, code] of [
    ['nonsense\r\n\r\n', 400, 'REQUEST_INVALID'],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ] as const) {
    const socket = connect(Number(port), hostname, () => socket.write(sent))
    const answer = await text(socket).catch(String)
    t.regex(answer, new RegExp(`^HTTP/1.1 ${status} `))
    t.like(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { code, statusCode: status })
  }
})

test('streams that cannot be imported', async (t) => {
  const { call } = await serve(t, { 'server.importLimit': 30_000_000 })
  await call('POST', '/v1/collections', { name: 'n', model: null })
  const send = (body: string | Buffer, type = 'application/x-ndjson'): Promise<Answer> => call('POST', '/v1/collections/n/import', body, { 'content-type': type })
  refused(t, await send('{"id":"a","text":"x"}\nnot json\n'), 400, 'IMPORT_SYNTAX')
  refused(t, await send(Buffer.from([0x7b, 0xff, 0x7d, 0x0a])), 400, 'IMPORT_ENCODING')
  refused(t, await send(`{"text":"${'x'.repeat(17 * 1024 * 1024)}"}`), 413, 'IMPORT_LINE_TOO_LONG')
  refused(t, await send('x'.repeat(31_000_000)), 413, 'BODY_TOO_LARGE')
  refused(t, await send('<xml/>', 'application/xml'), 415, 'MEDIA_TYPE')
  refused(t, await send('{"id":"a","text":"x"}', 'application/json'), 415, 'MEDIA_TYPE')
})

test('a port in use', async (t) => {
  const { url } = await serve(t)
  const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': await folder(t), 'server.port': Number(new URL(url).port), 'log.level': 'silent' } })
  const error = await fails(t, 'PORT_IN_USE', () => startServer(config, { signals: false }))
  t.regex(error?.message ?? '', /--port/)
})

test('an address beyond this machine without a key', async (t) => {
  const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': await folder(t), 'server.port': 0, 'server.host': '0.0.0.0', 'log.level': 'silent' } })
  await fails(t, 'AUTH_KEY_NEEDED', () => startServer(config, { signals: false }))
})

test('a newer or foreign database stops the start, a corrupt one the start or the reading', async (t) => {
  const start = async (dir: string) => {
    const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': dir, 'server.port': 0, 'log.level': 'silent' } })
    return startServer(config, { signals: false })
  }
  const [older, strange, damaged] = [await folder(t), await folder(t), await folder(t)]
  await newer(older)
  await fails(t, 'STORE_NEWER', () => start(older))
  await foreign(strange)
  await fails(t, 'STORE_FOREIGN', () => start(strange))
  await corrupt(damaged)
  await fails(t, 'STORE_CORRUPT', () => start(damaged))
})
