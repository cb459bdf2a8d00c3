import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { serve, call as request } from '../helpers/server.js'

test('a client that goes away stops the work it asked for', async (t) => {
  const { call, url } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n' })
  const lines = Array.from({ length: 60_000 }, (_, i) => JSON.stringify({ id: `n${i}`, text: `note number ${i} with some words to embed and to index` })).join('\n')
  const controller = new AbortController()
  const sent = fetch(`${url}/v1/collections/n/import`, { method: 'POST', body: lines, headers: { 'content-type': 'application/x-ndjson' }, signal: controller.signal })
  const count = async (): Promise<number> => Number((await call('GET', '/v1/collections/n')).json['count'])
  for (let i = 0; i < 200 && (await count()) === 0; i += 1) await sleep(10)
  controller.abort()
  await t.throwsAsync(() => sent, { any: true, name: 'AbortError' })
  await sleep(300)
  const after = await count()
  await sleep(300)
  t.is(await count(), after, 'nothing is written any more')
  t.true(after > 0 && after < 60_000, String(after))
  t.regex((await call('GET', '/metrics')).text, /canopy_http_cancelled_total\{route="\/v1\/collections\/:name\/import"\} 1/)
})

test('a model that loads answers 503 with Retry-After to who does not wait', async (t) => {
  const first = await serve(t)
  await first.call('POST', '/v1/collections', { name: 'n', model: 'minilm-l6-v2' })
  await first.call('PUT', '/v1/collections/n/records/a', { text: 'a piece of music' })
  await first.stop()
  const second = await serve(t, { 'data.dir': first.db.dir })
  const answer = await second.call('POST', '/v1/collections/n/search', { text: 'song', mode: 'vector', wait: false })
  t.is(answer.status, 503, answer.text)
  t.is(answer.json.code, 'MODEL_LOADING')
  t.true(Number(answer.headers.get('retry-after')) >= 1)
  t.is((await second.call('POST', '/v1/collections/n/search', { text: 'song', mode: 'vector' })).status, 200)
})

test('a stop lets running requests end, takes no new ones, and closes the folder', async (t) => {
  const { call, url, stop, db } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n' })
  const lines = Array.from({ length: 10_000 }, (_, i) => JSON.stringify({ id: `n${i}`, text: `note number ${i} with some words` })).join('\n')
  const running = request(`${url}/v1/collections/n/import`, 'POST', lines, { 'content-type': 'application/x-ndjson' })
  const count = async (): Promise<number> => Number((await call('GET', '/v1/collections/n')).json['count'])
  while ((await count()) === 0) await sleep(5)
  const stopped = stop()
  t.is((await running).status, 200)
  await stopped
  await t.throwsAsync(() => call('GET', '/healthz'))
  const again = await serve(t, { 'data.dir': db.dir })
  t.is((await again.call('GET', '/v1/collections/n')).json['count'], 10_000)
})

test('connections that are kept alive do not hold up a stop under load', async (t) => {
  const { call, url, stop } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  let stopping = false
  const answers: number[] = []
  const worker = async (): Promise<void> => {
    for (;;) {
      const status = await request(`${url}/v1/collections/n/search`, 'POST', { text: 'tea' }).then((answer) => answer.status, () => 0)
      if (status !== 200) t.true(stopping)
      answers.push(status)
      if (status !== 200) return
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  await sleep(200)
  stopping = true
  const started = performance.now()
  await stop()
  t.true(performance.now() - started < 3_000, 'the grace period is 10 s')
  await Promise.all(workers)
  t.true(answers.length > 8)
})

test('a request whose end comes while the server stops is told so, and its connection ends', async (t) => {
  const { url, stop } = await serve(t)
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`GET /v1/collections HTTP/1.1\r\nhost: ${hostname}:${port}\r\n`)
  await sleep(200)
  const stopped = stop()
  await sleep(50)
  socket.write('\r\n')
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  t.regex(head, /^HTTP\/1.1 503 /)
  t.regex(head, /connection: close/i)
  t.regex(head, /retry-after: \d/i)
  t.true(body.includes('"STOPPING"'), body)
  await stopped
})

test('a connection that sends nothing does not hold up a stop beyond the grace period', async (t) => {
  const { url, stop } = await serve(t, { 'server.shutdownMs': 200 })
  const hanging = http.request(`${url}/v1/collections`, { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 100 } })
  hanging.on('error', () => {})
  hanging.flushHeaders()
  await sleep(50)
  const started = performance.now()
  await stop()
  t.true(performance.now() - started < 2_000)
})
