import type { Attributes, Context, Link, Span } from '@opentelemetry/api'
import { CanopyError } from './error.js'
import otel from './otel.cjs'

const SCOPE = 'canopy-engine'

/** Which side of a conversation a span is: `client` waits for a server, `producer` leaves work to a `consumer`. */
type Side = 'server' | 'client' | 'producer' | 'consumer'

/** What a span is begun with. */
interface SpanPlan {
  attributes: Attributes
  side?: Side | undefined
  /** Spans that led to this one and may have ended long ago. */
  links?: Link[] | undefined
  /** Begin a trace of its own. */
  root?: boolean | undefined
  /** When it began, in milliseconds since 1970; now where it is left out. */
  startTime?: number | undefined
}

/** What work may say in its span. */
export interface WorkSpan {
  set(attributes: Attributes): void
  /** What another span links to; nothing where nobody records. */
  link(): Link | undefined
  /** Adds a part that is over, between two times in milliseconds since 1970. Absent where nobody records. */
  part?(name: string, attributes: Attributes, from: number, to: number): void
}

const UNSEEN: WorkSpan = { set: () => undefined, link: () => undefined }

/**
 * Runs work in a span `canopy.<name>` that ends with it and says why it failed. Nobody's SDK: the work runs as it is. What users store and search for is in
 * no attribute. @internal
 */
export function traced<T>(name: string, attributes: Attributes, work: (span: WorkSpan) => Promise<T>, plan: Omit<SpanPlan, 'attributes'> = {}): Promise<T> {
  const api = otel.api()
  const span = begin(`canopy.${name}`, { attributes, ...plan })
  if (api === undefined || span === undefined) return work(UNSEEN)
  const within = api.trace.setSpan(api.context.active(), span)
  const said: WorkSpan = {
    set: (more) => void span.setAttributes(more),
    link: () => (span.isRecording() ? { context: span.spanContext() } : undefined),
    ...(span.isRecording() ? { part: (part, attributes, from, to) => begin(`canopy.${part}`, { attributes, startTime: from }, within)?.end(to) } : {}),
  }
  return api.context.with(within, async () => {
    try {
      return await work(said)
    } catch (error) {
      failed(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

/** Begins a span that its caller ends; nothing where there is no SDK. @internal */
export function begin(name: string, { side, links = [], root = false, attributes, startTime }: SpanPlan, parent?: Context): Span | undefined {
  const api = otel.api()
  if (api === undefined) return undefined
  const kinds = { server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT, producer: api.SpanKind.PRODUCER, consumer: api.SpanKind.CONSUMER }
  return api.trace.getTracer(SCOPE).startSpan(name, { attributes, links, root, ...(startTime === undefined ? {} : { startTime }), kind: side === undefined ? api.SpanKind.INTERNAL : kinds[side] }, parent)
}

/** Notes in a span what went wrong: the code, which is stable, and the sentence. @internal */
export function failed(span: Span, error: unknown): void {
  const type = error instanceof CanopyError ? error.code : error instanceof Error ? error.name : 'unknown'
  span.setAttribute('error.type', type)
  span.setStatus({ code: otel.api()?.SpanStatusCode.ERROR ?? 2, message: error instanceof Error ? error.message : String(error) })
}
