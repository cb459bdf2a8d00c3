import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { remoteEmbedder } from '../../ts/index.js'
import { fails } from '../helpers/throws.js'

type Handler = (input: string[], request: IncomingMessage, response: ServerResponse) => void

/** A service in the OpenAI style on this machine. */
async function service(t: ExecutionContext, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    void json(request).then((body) => handler((body as { input: string[] }).input, request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

function answer(response: ServerResponse, input: string[], dim = 2): void {
  const data = input.map((text, index) => ({ index, embedding: Array.from({ length: dim }, () => text.length) }))
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: data.toReversed() }))
}

test('texts are sent in batches and vectors come back in the order of the texts', async (t) => {
  const sizes: number[] = []
  const url = await service(t, (input, request, response) => {
    t.is(request.url, '/v1/embeddings')
    t.is(request.headers.authorization, 'Bearer secret')
    sizes.push(input.length)
    answer(response, input)
  })
  const embedder = remoteEmbedder({ url, model: 'm', dim: 2, apiKey: 'secret', batch: 2 })
  t.deepEqual([...(await embedder.embed(['a', 'bb', 'ccc']))], [1, 1, 2, 2, 3, 3])
  t.deepEqual(sizes, [2, 1])
})

test('a service that stumbles is asked again', async (t) => {
  let calls = 0
  const url = await service(t, (input, _request, response) => {
    calls += 1
    if (calls < 3) response.writeHead(calls === 1 ? 503 : 429).end('busy')
    else answer(response, input)
  })
  t.deepEqual([...(await remoteEmbedder({ url, model: 'm', dim: 2 }).embed(['abc']))], [3, 3])
  t.is(calls, 3)
})

test('a service that stays away is MODEL_REMOTE_UNAVAILABLE, and soon not asked any more', async (t) => {
  let calls = 0
  const url = await service(t, (_input, _request, response) => {
    calls += 1
    response.writeHead(500).end()
  })
  const embedder = remoteEmbedder({ url, model: 'm', dim: 2, retries: 0 })
  for (let i = 0; i < 7; i += 1) await fails(t, 'MODEL_REMOTE_UNAVAILABLE', () => embedder.embed(['a']))
  t.is(calls, 5, 'the breaker opens after five failures')
})

test('a refusal is not repeated', async (t) => {
  let calls = 0
  const url = await service(t, (_input, _request, response) => {
    calls += 1
    response.writeHead(401).end('wrong key')
  })
  await fails(t, 'MODEL_REMOTE_REFUSED', () => remoteEmbedder({ url, model: 'm', dim: 2 }).embed(['a']))
  t.is(calls, 1)
})

test('vectors of another dimension are refused', async (t) => {
  const url = await service(t, (input, _request, response) => answer(response, input, 3))
  await fails(t, 'MODEL_REMOTE_ANSWER', () => remoteEmbedder({ url, model: 'm', dim: 2 }).embed(['a']))
})

test('silence ends in MODEL_REMOTE_UNAVAILABLE after the time-out', async (t) => {
  const url = await service(t, () => {})
  const error = await fails(t, 'MODEL_REMOTE_UNAVAILABLE', () => remoteEmbedder({ url, model: 'm', dim: 2, timeoutMs: 50, retries: 0 }).embed(['a']))
  t.regex(error?.message ?? '', /50 ms/)
})

test('an aborted signal ends the call with its reason', async (t) => {
  const url = await service(t, () => {})
  const reason = new Error('enough')
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 20)
  t.is(await t.throwsAsync(() => remoteEmbedder({ url, model: 'm', dim: 2 }).embed(['a'], { signal: controller.signal })), reason)
})
