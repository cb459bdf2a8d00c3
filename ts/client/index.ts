/**
 * A client of a canopy server, typed by the server's own description of its API. It needs no native core and runs wherever `fetch` is.
 *
 * ```js
 * import { createClient, ok } from 'canopy-engine/client'
 * const canopy = createClient({ url: 'http://127.0.0.1:7700' })
 * const { hits } = await ok(canopy.POST('/v1/collections/{name}/search', { params: { path: { name: 'notes' } }, body: { text: 'tea' } }))
 * ```
 */
import createFetchClient, { type Client } from 'openapi-fetch'
import type { paths } from './api.js'
import { fromResponse } from './error.js'
import { persistent } from './retry.js'

export type { paths, Schemas } from './api.js'
export { CanopyHttpError } from './error.js'

/** `GET`, `POST`, `PUT` and `DELETE` with the paths of the API. Each resolves with `{ data, response }` or `{ error, response }`; see `ok`. */
export type CanopyClient = Client<paths>

/** How a server is reached. */
export interface ClientOptions {
  /** `http://127.0.0.1:7700` */
  url: string
  /** An API key, sent as `Authorization: Bearer`. */
  key?: string | undefined
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** How often a request is sent again that the server refused before it did anything: 429, or 503 while it is overloaded, loading or stopping. Default 2. */
  retries?: number | undefined
  /** Another `fetch`, for proxies and tests. */
  fetch?: typeof globalThis.fetch | undefined
}

/** A client of one server. Nothing is sent yet. */
export function createClient({ url, key, headers = {}, retries = 2, fetch = globalThis.fetch }: ClientOptions): CanopyClient {
  return createFetchClient<paths>({
    baseUrl: url.replace(/\/$/, ''),
    headers: { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    fetch: persistent(fetch, retries),
    bodySerializer,
  })
}

/** Lines, bytes and forms are sent as they are, everything else as JSON. */
function bodySerializer(body: unknown): string | Uint8Array<ArrayBuffer> | Blob | FormData {
  if (typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob || body instanceof FormData) return body as string
  return JSON.stringify(body)
}

/** What one request came to, as the methods of the client resolve with it. */
interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The answer of a request, or a thrown `CanopyHttpError` with the server's code. */
export async function ok<T>(request: Promise<Outcome<T>>): Promise<Exclude<T, undefined>> {
  const { data, error, response } = await request
  if (!response.ok) throw fromResponse(error, response)
  return data as Exclude<T, undefined>
}
