import type { BindingCancel, BindingError } from '#native'
import { binding } from './binding.js'
import { CanopyError, unwrap } from './error.js'

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

/** Runs a native call that polls a cancel flag, and raises the flag when the signal aborts. @internal */
export async function cancellable<T>(
  signal: AbortSignal | undefined,
  call: (cancel: BindingCancel | undefined) => Promise<T | BindingError>,
): Promise<T> {
  if (signal === undefined) return unwrap(await call(undefined))
  signal.throwIfAborted()
  const cancel = new (binding().BindingCancel)()
  const abort = (): void => cancel.cancel()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return unwrap(await call(cancel))
  } catch (error) {
    if (signal.aborted && error instanceof CanopyError && error.kind === 'cancelled') throw signal.reason
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
