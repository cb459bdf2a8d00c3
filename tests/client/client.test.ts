import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { CanopyHttpError, createClient, ok, type Schemas } from '../../ts/client/index.js'
import { serve } from '../helpers/server.js'

const KEY = 'the-key-of-the-client-test'
const named = { params: { path: { name: 'notes' } } }

test('the types are those of the server that runs', async (t) => {
  const { openapiTypes } = (await import(pathToFileURL(path.resolve('scripts/lib/openapi-types.mjs')).href)) as { openapiTypes: (description: object) => string }
  const { call } = await serve(t)
  const types = openapiTypes((await call('GET', '/openapi.json')).json)
  t.true(types.length > 10_000)
  t.true(types === readFileSync('ts/client/api.ts', 'utf8'), 'node scripts/client.mjs --write')
})

test('records are written, found, imported and taken away', async (t) => {
  const { url } = await serve(t, { 'auth.keys': [KEY] })
  const canopy = createClient({ url: `${url}/`, key: KEY })
  const made: Schemas['CollectionInfo'] = await ok(canopy.POST('/v1/collections', { body: { name: 'notes' } }))
  t.is(made.count, 0)
  await ok(canopy.POST('/v1/collections/{name}/records', { params: { path: { name: 'notes' } }, body: [{ id: 'tea', text: 'Green tea is brewed below boiling' }, { id: 'car', text: 'A car has four wheels', metadata: { wheels: 4 } }] }))
  const { hits, mode } = await ok(canopy.POST('/v1/collections/{name}/search', { ...named, body: { text: 'how hot should the water be?', limit: 1 } }))
  t.deepEqual([hits[0]?.id, mode], ['tea', 'hybrid'])
  // @ts-expect-error there is no such mode
  t.is((await canopy.POST('/v1/collections/{name}/search', { ...named, body: { text: 'x', mode: 'guess' } })).response.status, 400)
  // @ts-expect-error there is no such route
  t.is((await canopy.GET('/v1/nothing')).response.status, 404)

  const report = await ok(canopy.POST('/v1/collections/{name}/import', { ...named, body: '{"id":"a","text":"a"}\n{"id":"b","text":"b"}\n', headers: { 'content-type': 'application/x-ndjson' } }))
  t.is(report.inserted, 2)
  const record = await ok(canopy.GET('/v1/collections/{name}/records/{id}', { params: { path: { name: 'notes', id: 'car' }, query: { vector: true } } }))
  t.deepEqual(record.metadata, { wheels: 4 })
  t.is((await canopy.DELETE('/v1/collections/{name}/records/{id}', { params: { path: { name: 'notes', id: 'car' } } })).response.status, 204)
  t.regex((await ok(canopy.GET('/metrics', { parseAs: 'text' }))), /canopy_/)
})

test('a refusal is an error with the code of the server', async (t) => {
  const { url } = await serve(t, { 'auth.keys': [KEY] })
  const missing = await t.throwsAsync(() => ok(createClient({ url, key: KEY }).GET('/v1/collections/{name}', named)), { instanceOf: CanopyHttpError })
  t.like(missing, { code: 'COLLECTION_NOT_FOUND', statusCode: 404, retryAfterMs: undefined })
  t.truthy(missing.requestId)
  t.is((await t.throwsAsync(() => ok(createClient({ url }).GET('/v1/collections')), { instanceOf: CanopyHttpError })).code, 'AUTH_REQUIRED')
})

/** Something that answers like a server in trouble. */
async function troubled(t: ExecutionContext, handler: RequestListener): Promise<string> {
  const server = createServer((request, response) => handler(request, response.setHeader('connection', 'close')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('what was refused before anything was done is sent again after the pause, its body too; what may have been done is not', async (t) => {
  const bodies: string[] = []
  let code = 'OVERLOADED'
  const url = await troubled(t, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      bodies.push(body)
      const again = bodies.length < 3
      response.writeHead(again ? (bodies.length === 1 ? 503 : 429) : 200, { 'content-type': 'application/json', ...(again ? { 'retry-after': '0' } : {}) })
      response.end(JSON.stringify(again ? { code, message: 'later', statusCode: 503, requestId: 'r' } : { hits: [], mode: 'keyword', notes: [], next: null, tookMs: 1 }))
    })
  })
  const search = { ...named, body: { text: 'tea' } }
  t.is((await ok(createClient({ url }).POST('/v1/collections/{name}/search', search))).mode, 'keyword')
  t.deepEqual(bodies, Array.from({ length: 3 }, () => '{"text":"tea"}'))
  bodies.length = 0
  code = 'POSTGRES_UNREACHABLE'
  const refused = await t.throwsAsync(() => ok(createClient({ url }).POST('/v1/collections/{name}/search', search)), { instanceOf: CanopyHttpError })
  t.deepEqual([refused.code, bodies.length], ['POSTGRES_UNREACHABLE', 1])
})

test('waiting ends when the caller does', async (t) => {
  const url = await troubled(t, (_request, response) => response.writeHead(429, { 'retry-after': '5' }).end('{}'))
  const began = performance.now()
  await t.throwsAsync(() => createClient({ url }).GET('/v1/collections', { signal: AbortSignal.timeout(100) }), { any: true, name: 'TimeoutError' })
  t.true(performance.now() - began < 4_500)
})

test('the client loads neither the native core nor anything of the server', (t) => {
  const script = `await import(${JSON.stringify(pathToFileURL(path.resolve('build/ts/client/index.js')).href)})
    console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { ...process.env, CANOPY_NATIVE_PATH: '/nowhere' } })
  t.is(stdout.trim(), '[]', stderr)
})
