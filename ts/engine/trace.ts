import { SpanStatusCode, trace, type Attributes, type Span, type SpanOptions } from '@opentelemetry/api'
import { CanopyError } from './error.js'

// Whoever runs this package brings the SDK, or none: then spans are nobody's and cost a fraction of a microsecond.
const tracer = trace.getTracer('canopy-engine')

/**
 * Runs work in a span `canopy.<name>` that ends with it and says why it failed. What users store and search for is in no attribute. @internal
 */
export function traced<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>, options: Omit<SpanOptions, 'attributes'> = {}): Promise<T> {
  return tracer.startActiveSpan(`canopy.${name}`, { ...options, attributes }, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

/** Notes in a span what went wrong: the code, which is stable, and the sentence. @internal */
export function fail(span: Span, error: unknown): void {
  const type = error instanceof CanopyError ? error.code : error instanceof Error ? error.name : 'unknown'
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
}

/** Begins a span by itself, for work that ends elsewhere. @internal */
export function begin(name: string, options: SpanOptions, parent?: Parameters<typeof tracer.startSpan>[2]): Span {
  return tracer.startSpan(name, options, parent)
}
