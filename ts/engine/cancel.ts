import type { Attributes } from '@opentelemetry/api'
import type { BindingCancel, BindingError } from '#native'
import { binding } from './binding.js'
import { CanopyError, unwrap } from './error.js'
import { traced, type WorkSpan } from './trace.js'

/** What every asynchronous call accepts. */
export interface CallOptions {
  /** Aborting it stops the native work within milliseconds; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** What long calls accept besides. */
export interface LongCallOptions extends CallOptions {
  /** Called with what is done and the total; the total is 0 while it isn't known. */
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** A native call that takes a cancel flag, or none where nobody can raise it. */
type CoreCall<T> = (cancel: BindingCancel | undefined) => Promise<T | BindingError>

/**
 * Runs a native call that polls a cancel flag, and raises the flag when the signal aborts. Where somebody records `span`, the time that the core spent in
 * embedding models becomes a part of it. @internal
 */
export async function cancellable<T>(signal: AbortSignal | undefined, call: CoreCall<T>, span?: WorkSpan): Promise<T> {
  if (signal === undefined && span?.part === undefined) return unwrap(await call(undefined))
  signal?.throwIfAborted()
  const made = performance.timeOrigin + performance.now()
  const cancel = new (binding().BindingCancel)()
  const abort = (): void => cancel.cancel()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return unwrap(await call(cancel))
  } catch (error) {
    if (signal?.aborted === true && error instanceof CanopyError && error.kind === 'cancelled') throw signal.reason
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
    if (span?.part !== undefined) noteModels(span, made, cancel)
  }
}

/** A native call in a span of its own. @internal */
export function tracedCall<T>(name: string, attributes: Attributes, signal: AbortSignal | undefined, call: CoreCall<T>): Promise<T> {
  return traced(name, attributes, (span) => cancellable(signal, call, span))
}

function noteModels(span: WorkSpan, made: number, cancel: BindingCancel): void {
  const spent = cancel.models()
  if (spent !== null) span.part?.('model.embed', { 'canopy.texts': spent.texts, 'canopy.busy_ms': spent.busy }, made + spent.from, made + spent.to)
}
