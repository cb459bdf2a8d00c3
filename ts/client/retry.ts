import { retryAfterMs } from './error.js'

/** 503 with one of these was said before anything was done, so that the request may be sent again whatever it is. */
const BEFORE = new Set(['OVERLOADED', 'STOPPING', 'MODEL_LOADING'])
/** Nobody waits longer than this for an answer that may not come. */
const LONGEST_WAIT_MS = 10_000

/** A `fetch` that sends a refused request again after the pause that the server asked for. */
export function persistent(fetch: typeof globalThis.fetch, retries: number): (request: Request) => Promise<Response> {
  return async (request) => {
    for (let left = retries; left > 0; left -= 1) {
      // The body of a request can be sent once: this attempt sends a copy.
      const response = await fetch(request.clone())
      const wait = retryAfterMs(response)
      if (wait === undefined || wait > LONGEST_WAIT_MS || !(await refusedBefore(response))) return response
      await pause(wait, request.signal)
    }
    return fetch(request)
  }
}

async function refusedBefore(response: Response): Promise<boolean> {
  if (response.status === 429) return true
  if (response.status !== 503) return false
  const body: unknown = await response.clone().json().catch(() => undefined)
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string' && BEFORE.has(body.code)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal.addEventListener('abort', abort, { once: true })
  })
}
