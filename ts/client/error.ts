import type { Schemas } from './api.js'

/** A request that the server refused. */
export class CanopyHttpError extends Error {
  override readonly name = 'CanopyHttpError'
  /** Stable, for programs: `COLLECTION_NOT_FOUND`. */
  readonly code: string
  readonly statusCode: number
  /** Names the request in the server's log. */
  readonly requestId: string | undefined
  /** When it may go well, where the server said so. */
  readonly retryAfterMs: number | undefined

  constructor({ code, message, statusCode, requestId }: Omit<Schemas['Error'], 'requestId'> & { requestId?: string | undefined }, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.statusCode = statusCode
    this.requestId = requestId
    this.retryAfterMs = retryAfterMs
  }
}

/** What a refused request is thrown as; something between us and the server may have answered in a form of its own. */
export function fromResponse(error: unknown, response: Response): CanopyHttpError {
  const body: Partial<Schemas['Error']> = typeof error === 'object' && error !== null ? error : {}
  const { code = `HTTP_${response.status}`, message = `the server answered ${response.status} ${response.statusText}`, requestId } = body
  return new CanopyHttpError({ code, message, statusCode: response.status, requestId }, retryAfterMs(response))
}

/** What `Retry-After` says, in milliseconds. */
export function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}
