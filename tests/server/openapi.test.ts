import { createRequire } from 'node:module'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import fc from 'fast-check'
import { valuesOf, type Schema } from '../helpers/arbitrary.js'
import { serve, type Answer } from '../helpers/server.js'

interface Operation {
  summary?: string
  tags?: string[]
  parameters?: Array<{ name: string; in: string; schema?: Schema }>
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}

interface Description {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const METHODS = ['get', 'post', 'put', 'delete']
/** How long requests are made up; a CI job takes 300. The number of runs ends it sooner where none is given. */
const SECONDS = Number(process.env['CANOPY_TEST_FUZZ_SECONDS'] ?? 90)
const RUNS = 'CANOPY_TEST_FUZZ_SECONDS' in process.env ? 1_000_000 : 150

function operations({ paths }: Description): Array<{ path: string; method: string; operation: Operation }> {
  return Object.entries(paths).flatMap(([path, methods]) => METHODS.flatMap((method) => (methods[method] === undefined ? [] : [{ path, method, operation: methods[method] }])))
}

test('the description is whole: every route has a summary, a tag, typed answers, and names its errors', async (t) => {
  const { call } = await serve(t)
  const description = (await call('GET', '/openapi.json')).json as unknown as Description
  const all = operations(description)
  t.true(all.length >= 18, String(all.length))
  for (const { path, method, operation } of all) {
    t.truthy(operation.summary, `${method} ${path}`)
    t.truthy(operation.tags?.length)
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (status === '204' || path === '/metrics') continue
      t.truthy(content?.['application/json']?.schema, `${method} ${path} ${status}`)
    }
    if (!path.startsWith('/v1')) continue
    for (const status of ['400', '401', '429', '500', '503']) t.truthy(operation.responses[status], `${method} ${path} documents ${status}`)
  }
  const references = [...JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '')
  t.true(references.length > 50)
  for (const name of new Set(references)) t.truthy(description.components.schemas[name], name)
})

/** Values that are valid, nearly valid, and anything else. */
const text = fc.oneof(fc.constantFrom('n', 'p', 'a', 'b', 'insert', 'upsert', '1', '-1', 'true', '{}', '{"a":1}', ''), fc.string({ unit: 'binary', maxLength: 30 }))
const word = text.map((value) => encodeURIComponent(value.toWellFormed()) || 'n')
const records = fc.array(fc.record({ id: text, text, metadata: fc.dictionary(fc.string(), fc.jsonValue()), vector: fc.array(fc.double(), { maxLength: 4 }) }, { requiredKeys: [] }), { maxLength: 5 })
const search = fc.record(
  {
    text,
    vector: fc.array(fc.double(), { minLength: 1, maxLength: 4 }),
    mode: fc.constantFrom('hybrid', 'keyword', 'vector', 'x'),
    limit: fc.integer({ min: -1, max: 1001 }),
    offset: fc.integer({ min: -1, max: 100_001 }),
    filter: fc.dictionary(fc.constantFrom('a', 'and', 'or', 'not', 'x.y', ''), fc.jsonValue()),
    weights: fc.record({ keyword: fc.double(), vector: fc.double() }, { requiredKeys: [] }),
    rrfK: fc.double(),
    minScore: fc.double(),
    highlight: fc.oneof(fc.boolean(), fc.record({ length: fc.integer(), fragments: fc.integer() })),
    include: fc.array(fc.constantFrom('text', 'metadata', 'vector', 'scores', 'x')),
    fusion: fc.constantFrom('adaptive', 'rrf', 'x'),
    wait: fc.boolean(),
  },
  { requiredKeys: [] },
)
/** A value as a query string carries it. */
const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const headers = fc.record({ 'x-tenant': fc.constantFrom('n', 'p', 'x'), 'x-epsilon': fc.constantFrom('0.1', '1', '2e9', '-1', 'NaN', ''), 'idempotency-key': fc.constantFrom('a', 'b', 'x'.repeat(300)), accept: fc.constantFrom('application/octet-stream', '*/*', 'text/html') }, { requiredKeys: [] })
const spec = fc.record({ name: text, model: fc.constantFrom(null, 'static-en', 'x'), dim: fc.integer({ min: -1, max: 5 }), metric: fc.constantFrom('cosine', 'dot', 'l2', 'x') }, { requiredKeys: [] })
const json = fc.oneof(records, search, spec, fc.jsonValue()).map((value) => JSON.stringify(value))
const body = fc.oneof({ weight: 5, arbitrary: json }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) }, { weight: 1, arbitrary: fc.constant('') })
const type = fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: fc.constantFrom('application/x-ndjson', 'text/csv', 'text/plain', 'application/json; charset=latin1', 'nonsense') })

test('no request makes a 500, and every answer is one that the description promises', async (t) => {
  t.timeout(SECONDS * 1000 + 80_000)
  const { call } = await serve(t, { 'budget.tenants': { n: { epsilon: 1e6 }, p: { epsilon: 1 } }, 'cache.enabled': true, 'cache.diskBytes': 1 << 20 })
  await call('POST', '/v1/collections', { name: 'n', model: null })
  await call('POST', '/v1/collections', { name: 'p', dim: 2 })
  // One of everything that routes name, so that requests come further than to a 404.
  for (const [method, path, sent] of [
    ['POST', '/v1/graphs', { name: 'n' }],
    ['POST', '/v1/graphs/n/batch', { edges: [{ source: 'a', target: 'b' }, { source: 'b', target: 'n' }, { source: 'n', target: 'a' }] }],
    ['PUT', '/v1/neighbors/n', { points: [[0, 0], [1, 0], [0, 1], [1, 1]] }],
    ['POST', '/v1/indexes', { name: 'n', dim: 2 }],
    ['POST', '/v1/indexes/n/vectors', { ids: ['a', 'b', 'n'], vectors: [[1, 2], [1, 0], [0, 1]] }],
  ] as const) {
    const { status, text: said } = await call(method, path, sent)
    t.true(status < 300, `${path}: ${said}`)
  }
  await call('POST', '/v1/collections/p/records', [{ id: 'a', text: 'tea', vector: [1, 2] }, { id: 'b', text: 'x', metadata: { a: 1 } }])
  const description = (await call('GET', '/openapi.json')).json as unknown as Description
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'openapi', components: description.components })
  const validators = new Map<object, (answer: unknown) => boolean>()
  const all = operations(description)

  const check = ({ path, method, operation }: (typeof all)[number], answer: Answer): void => {
    const at = `${method} ${path} → ${answer.status} ${answer.text.slice(0, 300)}`
    t.not(answer.status, 500, at)
    const documented = operation.responses[String(answer.status)]
    t.truthy(documented, `undocumented: ${at}`)
    const schema = documented?.content?.['application/json']?.schema
    if (schema === undefined || path === '/metrics') return
    // Neighbours come as bytes to who accepts them.
    if (answer.headers.get('content-type') === 'application/octet-stream') return
    const validate = validators.get(schema) ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')) as object)
    validators.set(schema, validate)
    t.true(validate(answer.json), `${ajv.errorsText((validate as { errors?: null }).errors)} in ${at}`)
  }

  // Bodies are what the description says, or nearly so, or anything else.
  const targets = fc.constantFrom(...all).chain((one) => {
    const schema = one.operation.requestBody?.content['application/json']?.schema
    const described = schema === undefined ? body : valuesOf(schema, description.components.schemas).map((value) => JSON.stringify(value))
    const asked = Object.fromEntries((one.operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name, schema: of }) => [name, valuesOf(of ?? {}, description.components.schemas).map(written)]))
    return fc.tuple(fc.constant(one), fc.oneof({ weight: 3, arbitrary: described }, { weight: 1, arbitrary: body }), fc.record(asked, { requiredKeys: [] }))
  })

  // Where time is up, one request may still be under way.
  let over = false
  await fc.assert(
    fc.asyncProperty(targets, fc.array(word, { minLength: 2, maxLength: 2 }), fc.dictionary(fc.constantFrom('limit', 'after', 'filter', 'mode', 'vector', 'vectors', 'textField', 'onError', 'x'), text), fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }), type, async ([target, payload, asked], words, query, extra, contentType) => {
      // Dots alone are resolved away by the client, so they never arrive.
      const path = target.path.replaceAll(/\{[^}]+\}/g, () => (words.shift() ?? 'n').replaceAll('.', '%2E'))
      const parameters = new URLSearchParams(Object.entries(Object.keys(asked).length > 0 ? asked : query).map(([key, value = '']) => [key, value.toWellFormed()]))
      const bodyless = target.method === 'get' || target.method === 'delete'
      const answer = await call(target.method.toUpperCase(), `${path}?${parameters}`, bodyless ? undefined : payload, { ...extra, ...(bodyless ? {} : { 'content-type': contentType }) })
      if (!over && answer.json.code !== 'ROUTE_NOT_FOUND') check(target, answer)
    }),
    { numRuns: RUNS * all.length / 4, interruptAfterTimeLimit: SECONDS * 1000 },
  )
  over = true
  t.is((await call('GET', '/healthz')).status, 200)
})

test('the API page runs from our own package', (t) => {
  t.notThrows(() => createRequire(import.meta.url).resolve('@scalar/fastify-api-reference'))
})
