import { existsSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import test from 'ava'
import { filled } from '../helpers/damage.js'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

const WRITE = 'write-key-of-the-test'
const READ = 'read-only-key-of-the-test'
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

test('without a key nothing is told but health; a read-only key reads; a read-write key does both', async (t) => {
  const { call } = await serve(t, { 'auth.keys': [WRITE], 'auth.readOnlyKeys': [READ] })
  for (const path of ['/healthz', '/readyz', '/metrics', '/', '/page.js']) t.is((await call('GET', path)).status, 200, path)
  for (const path of ['/v1/collections', '/openapi.json', '/docs/', '/v1/stats', '/v1/models']) {
    const answer = await call('GET', path)
    t.is(answer.status, 401, path)
    t.is(answer.json.code, 'AUTH_REQUIRED')
    t.truthy(answer.headers.get('www-authenticate'))
  }
  t.is((await call('GET', '/v1/collections', undefined, bearer('a-key-that-is-wrong'))).status, 401)
  t.is((await call('POST', '/v1/collections', { name: 'n', model: null }, bearer(WRITE))).status, 201)
  t.is((await call('POST', '/v1/collections/n/records', [{ id: 'a', text: 'tea' }], { 'x-api-key': WRITE })).status, 200)

  t.is((await call('GET', '/v1/collections', undefined, bearer(READ))).status, 200)
  t.is((await call('POST', '/v1/collections/n/search', { text: 'tea' }, bearer(READ))).status, 200)
  for (const [method, path, body] of [
    ['POST', '/v1/collections', { name: 'm' }],
    ['POST', '/v1/collections/n/records', []],
    ['PUT', '/v1/collections/n/records/a', { text: 'x' }],
    ['DELETE', '/v1/collections/n/records/a', undefined],
    ['DELETE', '/v1/collections/n', undefined],
    ['POST', '/v1/collections/n/rebuild', {}],
  ] as const) {
    const answer = await call(method, path, body, bearer(READ))
    t.is(answer.status, 403, `${method} ${path}`)
    t.is(answer.json.code, 'AUTH_READ_ONLY')
  }
  t.is((await call('GET', '/docs/', undefined, { authorization: `Basic ${Buffer.from(`me:${READ}`).toString('base64')}` })).status, 200)
  t.is((await call('GET', '/v1/collections', undefined, { authorization: `Basic ${Buffer.from(`me:${READ}`).toString('base64')}` })).status, 401)
})

test('a server that only reads answers searches and refuses every write, imports before they are received', async (t) => {
  const dir = await folder(t)
  await filled(dir)
  const { call } = await serve(t, { 'data.dir': dir, 'data.readOnly': true })
  t.is((await call('POST', '/v1/collections/notes/search', { text: 'record 7' })).status, 200)
  t.is((await call('GET', '/v1/collections/notes/records?limit=1')).status, 200)
  for (const [method, path, body, type] of [
    ['POST', '', { name: 'more' }, 'application/json'],
    ['DELETE', '/notes', undefined, 'application/json'],
    ['POST', '/notes/records', [{ id: 'x', text: 'x' }], 'application/json'],
    ['PUT', '/notes/records/x', { text: 'x' }, 'application/json'],
    ['DELETE', '/notes/records/id-1', undefined, 'application/json'],
    ['POST', '/notes/import', '{"text":"x"}', 'application/x-ndjson'],
  ] as const) {
    const answer = await call(method, `/v1/collections${path}`, body, { 'content-type': type })
    t.is(answer.status, 403, `${method} ${path}: ${answer.text}`)
    t.is(answer.json.code, 'STORE_READ_ONLY')
  }
  t.false(existsSync(join(dir, 'incoming')))
})

test('only named origins get CORS headers', async (t) => {
  const { call } = await serve(t, { 'server.corsOrigins': 'https://app.example', 'auth.keys': [WRITE] })
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  const named = await call('OPTIONS', '/v1/collections', undefined, { origin: 'https://app.example', ...preflight })
  t.is(named.headers.get('access-control-allow-origin'), 'https://app.example')
  t.regex(named.headers.get('access-control-allow-methods') ?? '', /DELETE/)
  t.is((await call('OPTIONS', '/v1/collections', undefined, { origin: 'https://evil.example', ...preflight })).headers.get('access-control-allow-origin'), null)
})

test('a page of strangers reaches no server without keys, by no name', async (t) => {
  const { call, url } = await serve(t)
  t.is((await call('GET', '/v1/collections', undefined, { origin: 'https://evil.example' })).json.code, 'HOST_REFUSED')
  t.is((await call('GET', '/v1/collections', undefined, { origin: url })).status, 200)
  const status = await new Promise((resolve, reject) => {
    http.get(`${url}/v1/collections`, { headers: { host: 'rebound.example:7700' } }, (response) => resolve(response.resume().statusCode)).on('error', reject)
  })
  t.is(status, 403)
})

test('who guesses keys is counted by address, whoever has one by that key', async (t) => {
  const { call } = await serve(t, { 'server.rateLimit': 5, 'auth.keys': [WRITE] })
  const guesses = []
  for (let i = 0; i < 8; i += 1) guesses.push((await call('GET', '/v1/collections', undefined, bearer(`a-guess-of-the-key-${i}`))).status)
  t.deepEqual(guesses, [401, 401, 401, 401, 401, 429, 429, 429])
  t.is((await call('GET', '/v1/collections', undefined, bearer(WRITE))).status, 200)
})

test('more requests than the limit are told when to come again; health is not counted', async (t) => {
  const { call } = await serve(t, { 'server.rateLimit': 5 })
  const answers = []
  for (let i = 0; i < 8; i += 1) answers.push(await call('GET', '/v1/collections'))
  t.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 200, 429, 429, 429])
  t.is(answers[7]?.json.code, 'RATE_LIMITED')
  t.true(Number(answers[7]?.headers.get('retry-after')) > 0)
  t.is((await call('GET', '/healthz')).status, 200)
  t.is((await call('GET', '/metrics')).status, 200)
})

test('security headers are set, and nothing names the framework', async (t) => {
  const { headers } = await (await serve(t)).call('GET', '/')
  t.is(headers.get('x-content-type-options'), 'nosniff')
  t.regex(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
  t.is(headers.get('x-powered-by'), null)
})
