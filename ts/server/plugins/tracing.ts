import type { Context, Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import otel from '../../engine/otel.cjs'
import { begin, failed } from '../../engine/trace.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of this request, and what its work runs in to be below it. */
    tracing: { span: Span; within: Context } | undefined
  }
}

/**
 * A span for every request, with the work on queue, store, index and models below it; the caller's (`traceparent`) above it, where the SDK of whoever runs
 * the server knows such headers. Without an SDK there is none.
 */
export default fp(async (app: FastifyInstance) => {
  app.decorateRequest('tracing', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const api = otel.api()
    if (api === undefined) return done()
    const parent = api.propagation.extract(api.context.active(), request.headers)
    const route = request.routeOptions.url ?? 'unknown'
    const span = begin(`${request.method} ${route}`, { side: 'server', attributes: { 'http.request.method': request.method, 'http.route': route, 'canopy.request_id': request.id } }, parent)
    if (span?.isRecording() !== true) return done()
    const within = api.trace.setSpan(parent, span)
    request.tracing = { span, within }
    // Closed, not answered: a client that goes away ends it too.
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode)
      if (!reply.raw.writableFinished) failed(span, new Error('the client went away'))
      span.end()
    })
    return api.context.with(within, done)
  })
  // The body came in by events of the socket, which know nothing of a context.
  app.addHook('preValidation', ({ tracing }, _reply, done) => {
    const api = otel.api()
    return tracing === undefined || api === undefined ? done() : api.context.with(tracing.within, done)
  })
  app.addHook('onError', async ({ tracing }, _reply, error) => {
    if (tracing !== undefined) failed(tracing.span, error)
  })
})

/** What an exemplar says of a request: its id, and its trace where that is collected. */
export function exemplarOf({ id, tracing }: FastifyRequest): Record<string, string> {
  return { request_id: id, ...(tracing === undefined ? {} : { trace_id: tracing.span.spanContext().traceId }) }
}
