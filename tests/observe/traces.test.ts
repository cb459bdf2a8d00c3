import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import test from 'ava'
import { open, type CanopyError } from '../../ts/index.js'
import { eventually } from '../helpers/eventually.js'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { serve } from '../helpers/server.js'
import { using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

// As whoever runs a server sets it up: an SDK with an exporter, here one that keeps what it gets.
const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))

/** The spans of one trace, by name; `of` is a span of it. */
const inTrace = (traceId: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId)
const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan | undefined => spans.find((span) => span.name === name)
const newTrace = (): string => crypto.randomUUID().replaceAll('-', '')
const header = (traceId: string): Record<string, string> => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })

test('a request is a span below the caller’s, and its work on store, index and model lies below it', async (t) => {
  const { call, db } = await serve(t)
  await call('POST', '/v1/collections', { name: 'notes', model: null })
  const [writing, searching] = [newTrace(), newTrace()]
  await call('PUT', '/v1/collections/notes/records/tea', { text: 'Green tea is brewed below boiling' }, header(writing))
  await call('POST', '/v1/collections/notes/search', { text: 'how is tea brewed' }, header(searching))
  await eventually(async () => named(inTrace(searching), 'POST /v1/collections/:name/search') !== undefined)
  const request = named(inTrace(searching), 'POST /v1/collections/:name/search')
  t.is(request?.parentSpanContext?.spanId, '00f067aa0ba902b7')
  t.like(request?.attributes, { 'http.route': '/v1/collections/:name/search', 'http.response.status_code': 200 })
  const search = named(inTrace(searching), 'canopy.index.search')
  t.is(search?.parentSpanContext?.spanId, request?.spanContext().spanId)
  t.is(search?.attributes['canopy.collection'], 'notes')
  const put = named(inTrace(writing), 'canopy.store.put')
  t.is(put?.parentSpanContext?.spanId, named(inTrace(writing), 'PUT /v1/collections/:name/records/:id')?.spanContext().spanId, 'a request with a body keeps its context')
  await db.embed('static-en', ['a text'])
  t.is(exporter.getFinishedSpans().find(({ name, attributes }) => name === 'canopy.model.embed' && attributes['canopy.model'] === 'static-en')?.attributes['canopy.texts'], 1)
  t.false(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes)).includes('brewed'), 'nothing of what is stored or searched for')
})

test('a model that the core asks by itself has a span of its own, within the work that needed it', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const notes = await db.create('meant', { model: 'static-en' })
  const traceId = await trace.getTracer('caller').startActiveSpan('caller', async (span) => {
    await notes.add([{ id: 'a', text: 'green tea' }, { id: 'b', text: 'four wheels' }])
    await notes.search('a hot drink')
    await notes.search('a hot drink')
    span.end()
    return span.spanContext().traceId
  })
  const spans = inTrace(traceId)
  const nanoseconds = ([seconds, rest]: readonly [number, number]): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(rest)
  const embeds = spans.filter(({ name }) => name === 'canopy.model.embed')
  // The third call finds the question in the embedding cache.
  t.deepEqual(embeds.map(({ attributes }) => attributes['canopy.texts']), [2, 1])
  for (const [i, parentName] of ['canopy.store.put', 'canopy.index.search'].entries()) {
    const [embed, parent] = [embeds[i], named(spans, parentName)]
    if (embed === undefined || parent === undefined) return t.fail(parentName)
    t.is(embed.parentSpanContext?.spanId, parent.spanContext().spanId)
    // The SDK's clock and ours are read one after the other.
    t.true(nanoseconds(embed.startTime) >= nanoseconds(parent.startTime) - 2_000_000n && nanoseconds(embed.endTime) <= nanoseconds(parent.endTime) + 2_000_000n)
    t.true(Number(embed.attributes['canopy.busy_ms']) > 0)
  }
})

test('what is pushed in one request and written later is linked', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'mails', model: null })
  const pushing = newTrace()
  await call('POST', '/v1/collections/mails/ingest', [{ text: 'one' }, { text: 'two' }], header(pushing))
  const delivered = (): ReadableSpan | undefined => exporter.getFinishedSpans().find(({ name, attributes }) => name === 'canopy.queue.deliver' && attributes['canopy.collection'] === 'mails')
  await eventually(async () => delivered() !== undefined)
  const push = named(inTrace(pushing), 'canopy.queue.push')
  t.is(push?.parentSpanContext?.spanId, named(inTrace(pushing), 'POST /v1/collections/:name/ingest')?.spanContext().spanId)
  const deliver = delivered()
  t.deepEqual(deliver?.links.map(({ context: { spanId } }) => spanId), [push?.spanContext().spanId])
  t.is(deliver?.attributes['canopy.records'], 2)
  t.is(named(inTrace(deliver?.spanContext().traceId ?? ''), 'canopy.store.put')?.parentSpanContext?.spanId, deliver?.spanContext().spanId)
})

test('a span says by its code why work failed', async (t) => {
  const { call } = await serve(t)
  const failing = newTrace()
  await call('POST', '/v1/collections', { name: 'small', model: null, dim: 2 })
  const { json } = await call('POST', '/v1/collections/small/search', { vector: [1, 2, 3] }, header(failing))
  t.is(json.code, 'VECTOR_DIMENSION')
  await eventually(async () => inTrace(failing).length === 2)
  for (const span of inTrace(failing)) t.like({ code: span.status.code, type: span.attributes['error.type'] }, { code: SpanStatusCode.ERROR, type: 'VECTOR_DIMENSION' }, span.name)
})

test('the library’s own calls are children of whatever span its caller is in', async (t) => {
  const db = await open(await folder(t))
  t.teardown(() => db.close())
  const notes = await db.create('own', { model: null })
  const id = await trace.getTracer('caller').startActiveSpan('caller', async (span) => {
    await notes.add([{ id: 'a', text: 'one' }])
    await notes.get('a')
    await notes.remove('a')
    await notes.add([{ id: 'a', text: '' }]).catch((error: CanopyError) => t.is(error.code, 'TEXT_EMPTY'))
    span.end()
    return span.spanContext()
  })
  const spans = inTrace(id.traceId).filter(({ name }) => name !== 'caller')
  t.deepEqual(spans.map(({ name }) => name), ['canopy.store.put', 'canopy.store.get', 'canopy.store.remove', 'canopy.store.put'])
  t.true(spans.every(({ parentSpanContext }) => parentSpanContext?.spanId === id.spanId))
})

test('exemplars name the trace of a request', async (t) => {
  const { call } = await serve(t, { 'metrics.exemplars': true })
  const traceId = newTrace()
  const id = (await call('GET', '/v1/stats', undefined, header(traceId))).headers.get('x-request-id')
  t.true((await call('GET', '/metrics')).text.includes(`# {request_id="${id}",trace_id="${traceId}"}`))
})

using('postgres')('postgres: statements are spans of a client below the search that asks them', async (t) => {
  const db = await openPostgres(t, schemaUrl(t))
  const notes = await db.create('remote', { model: null })
  await notes.add([{ id: 'a', text: 'zirconium' }])
  const traceId = await trace.getTracer('caller').startActiveSpan('caller', async (span) => {
    await notes.search('zirconium')
    span.end()
    return span.spanContext().traceId
  })
  const spans = inTrace(traceId)
  const search = spans.find(({ name, parentSpanContext }) => name === 'canopy.index.search' && parentSpanContext?.spanId === named(spans, 'caller')?.spanContext().spanId)
  const queries = spans.filter(({ name }) => name === 'canopy.store.query')
  t.true(queries.length > 0 && queries.every(({ parentSpanContext }) => parentSpanContext?.spanId === search?.spanContext().spanId))
  t.is(queries[0]?.attributes['db.system.name'], 'postgresql')
})

test('a line of the audit names the request', async (t) => {
  const dir = await folder(t)
  const { call } = await serve(t, { 'data.dir': dir, 'budget.tenants': { acme: { epsilon: 3 } } })
  await call('POST', '/v1/collections', { name: 'notes', model: null })
  const ask = (epsilon: string, tenant = 'acme') => call('POST', '/v1/collections/notes/private/count', {}, { 'x-tenant': tenant, 'x-epsilon': epsilon })
  const answers = [await ask('1'), await ask('5'), await ask('1', 'nobody')]
  const lines = (await readFile(path.join(dir, 'audit.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { event: string; requestId: string })
  const ids = answers.map(({ headers }) => headers.get('x-request-id'))
  t.deepEqual(lines.map(({ event, requestId }) => [event, ids.indexOf(requestId)]), [['reserve', 0], ['commit', 0], ['refuse', 1], ['refuse', 2]])
  t.deepEqual(answers.slice(1).map(({ json }) => json['requestId']), ids.slice(1))
})
