import { context, isSpanContextValid, propagation, SpanKind, trace, TraceFlags, type Context, type Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { begin, fail } from '../../engine/trace.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** What spans of this request are children of. */
    tracing: { span: Span; within: Context } | undefined
  }
}

/**
 * A span for every request, with the work on queue, store, index and models below it; the caller's (`traceparent`) above it, where the SDK of whoever runs
 * the server knows such headers.
 */
export default fp(async (app: FastifyInstance) => {
  app.decorateRequest('tracing', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const parent = propagation.extract(context.active(), request.headers)
    const route = request.routeOptions.url ?? 'unknown'
    const span = begin(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes: { 'http.request.method': request.method, 'http.route': route, 'canopy.request_id': request.id } }, parent)
    if (!span.isRecording()) return done()
    const within = trace.setSpan(parent, span)
    request.tracing = { span, within }
    // Closed, not answered: a client that goes away ends it too.
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode)
      if (!reply.raw.writableFinished) fail(span, new Error('the client went away'))
      span.end()
    })
    return context.with(within, done)
  })
  // The body came in by events of the socket, which know nothing of a context.
  app.addHook('preValidation', ({ tracing }, _reply, done) => (tracing === undefined ? done() : context.with(tracing.within, done)))
  app.addHook('onError', async ({ tracing }, _reply, error) => {
    if (tracing !== undefined) fail(tracing.span, error)
  })
})

/** What an exemplar says of a request: its id, and its trace where that is collected. */
export function exemplarOf({ id, tracing }: FastifyRequest): Record<string, string> {
  const span = tracing?.span.spanContext()
  const sampled = span !== undefined && isSpanContextValid(span) && (span.traceFlags & TraceFlags.SAMPLED) !== 0
  return { request_id: id, ...(sampled ? { trace_id: span.traceId } : {}) }
}
