import type { LoggerOptions } from 'pino'
import otel from '../engine/otel.cjs'

/** Structured lines on standard output, one JSON object each; keys and what users searched for never appear. */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    redact: ['req.headers.authorization', 'req.headers["x-api-key"]', 'req.headers.cookie'],
    // Where somebody collects traces, a line names the one it belongs to, in the fields that OpenTelemetry has for it.
    mixin: () => traceIds(),
    serializers: {
      req: (request: { method?: string; url?: string; ip?: string }) => ({ method: request.method, path: request.url?.split('?', 1)[0], ip: request.ip }),
    },
  }
}

/** Names of the trace and the span that are under way, if somebody collects them. */
function traceIds(): { trace_id?: string; span_id?: string } {
  const span = otel.api()?.trace.getActiveSpan()?.spanContext()
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
}
