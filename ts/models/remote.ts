import { ConsecutiveBreaker, ExponentialBackoff, circuitBreaker, handleWhen, retry, wrap } from 'cockatiel'
import type { CallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import type { Embedder } from '../engine/types.js'

/** A service that speaks OpenAI's `POST /embeddings`. */
export interface RemoteModel {
  /** The address up to and without `/embeddings`: `http://127.0.0.1:11434/v1`. */
  url: string
  /** The model's name in the service. */
  model: string
  /** Numbers per vector. */
  dim: number
  apiKey?: string | undefined
  /** For one attempt. Default 30 s. */
  timeoutMs?: number | undefined
  /** Attempts after the first, on time-outs, 429 and 5xx. Default 3. */
  retries?: number | undefined
  /** Texts per request. Default 64. */
  batch?: number | undefined
}

interface Answer {
  data: Array<{ index: number; embedding: number[] }>
}

/** Bytes of a number in JSON, with what stands around it, at most; and bytes of everything else in an answer. */
const [NUMBER_BYTES, ROOM_BYTES] = [40, 1024 * 1024]
const DEFAULTS = { timeoutMs: 30_000, retries: 3, batch: 64 }
/** After so many failures in a row the service is left alone for a while, and calls fail at once. */
const BREAKER = { failures: 5, restMs: 30_000 }

/** An embedder that asks a remote service. Register it under a name in `open(dir, { remoteModels })`. */
export function remoteEmbedder(model: RemoteModel): Embedder {
  const { retries = DEFAULTS.retries, batch = DEFAULTS.batch } = model
  const transient = handleWhen((error) => error instanceof CanopyError && error.kind === 'unavailable')
  const policy = wrap(
    retry(transient, { maxAttempts: retries, backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 5_000 }) }),
    circuitBreaker(transient, { halfOpenAfter: BREAKER.restMs, breaker: new ConsecutiveBreaker(BREAKER.failures) }),
  )
  return {
    dim: model.dim,
    async embed(texts, { signal }: CallOptions = {}) {
      const vectors = new Float32Array(texts.length * model.dim)
      for (let start = 0; start < texts.length; start += batch) {
        signal?.throwIfAborted()
        const part = texts.slice(start, start + batch)
        const answer = await policy.execute(() => request(model, part, signal), signal).catch((error: unknown) => { throw named(error, model) })
        fill(vectors, start, part.length, answer, model)
      }
      return vectors
    },
  }
}

async function request(model: RemoteModel, input: readonly string[], signal: AbortSignal | undefined): Promise<Answer> {
  const timeout = AbortSignal.timeout(model.timeoutMs ?? DEFAULTS.timeoutMs)
  const response = await fetch(`${model.url.replace(/\/+$/, '')}/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'identity', ...(model.apiKey === undefined ? {} : { authorization: `Bearer ${model.apiKey}` }) },
    body: JSON.stringify({ model: model.model, input, encoding_format: 'float' }),
    // What an answer points to may be another machine's; texts and key go to the configured one only.
    redirect: 'manual',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw unavailable(model, timeout.aborted ? `no answer within ${model.timeoutMs ?? DEFAULTS.timeoutMs} ms` : reason(error))
  })
  if (response.ok) return parsed(await read(response, input.length * model.dim * NUMBER_BYTES + ROOM_BYTES, signal, model))
  const text = (await read(response, ROOM_BYTES, signal, model).catch(() => '')).slice(0, 200)
  if (response.status === 429 || response.status >= 500) throw unavailable(model, `HTTP ${response.status} ${text}`)
  throw new CanopyError('MODEL_REMOTE_REFUSED', 'internal', `${where(model)} refused the request with HTTP ${response.status}: ${text}; check its address, model name and key`)
}

/** An answer's text. It is counted unpacked, and not read on where it is longer than vectors can be. */
async function read(response: Response, most: number, signal: AbortSignal | undefined, model: RemoteModel): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > most) throw wrongAnswer(model, `more than ${most} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof CanopyError) throw error
    signal?.throwIfAborted()
    throw unavailable(model, `the answer broke off: ${reason(error)}`)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): Answer {
  try {
    return JSON.parse(text) as Answer
  } catch {
    return { data: [] }
  }
}

/** Copies the rows of one answer to their places, whatever order they came in. */
function fill(vectors: Float32Array, start: number, count: number, answer: Answer, model: RemoteModel): void {
  const rows = Array.isArray(answer.data) ? answer.data : []
  if (rows.length !== count) throw wrongAnswer(model, `${rows.length} vectors for ${count} texts`)
  for (const { index, embedding } of rows) {
    if (!Array.isArray(embedding) || embedding.length !== model.dim) throw wrongAnswer(model, `a vector of ${embedding?.length} numbers where ${model.dim} were configured`)
    if (!Number.isInteger(index) || index < 0 || index >= count) throw wrongAnswer(model, `the index ${index}`)
    vectors.set(embedding, (start + index) * model.dim)
  }
}

function named(error: unknown, model: RemoteModel): unknown {
  if (error instanceof Error && 'isBrokenCircuitError' in error) return unavailable(model, `it failed ${BREAKER.failures} times in a row and is left alone for ${BREAKER.restMs / 1000} s`)
  return error
}

function unavailable(model: RemoteModel, why: string): CanopyError {
  return new CanopyError('MODEL_REMOTE_UNAVAILABLE', 'unavailable', `${where(model)} can't be reached: ${why}; try again later`)
}

function wrongAnswer(model: RemoteModel, what: string): CanopyError {
  return new CanopyError('MODEL_REMOTE_ANSWER', 'internal', `${where(model)} answered with ${what}; check that it speaks the OpenAI embeddings format and that the dimension is right`)
}

function where(model: RemoteModel): string {
  return `the embedding service ${model.url} (model ${model.model})`
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
