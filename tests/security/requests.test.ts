import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { remoteEmbedder } from '../../ts/index.js'
import { serve } from '../helpers/server.js'
import { fails } from '../helpers/throws.js'

/** A server of somebody on this machine, and how often it was asked. */
async function listener(t: ExecutionContext, handler: RequestListener): Promise<{ url: string; asked: () => number }> {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

test('no request makes the server fetch an address that it names', async (t) => {
  const inner = await listener(t, (_request, response) => response.end('{}'))
  const { call } = await serve(t)
  const url = `${inner.url}/latest/meta-data`
  await call('POST', '/v1/collections', { name: 'n', model: null })
  await call('POST', '/v1/graphs', { name: 'g' })
  const form = new FormData()
  form.set('file', new Blob([url]), url)
  form.set('model', url)
  const asked = [
    await call('POST', '/v1/collections', { name: 'm', model: url }),
    await call('POST', '/v1/collections/n/rebuild', { model: url }),
    await call('POST', '/v1/collections/n/records', [{ id: url, text: `[a](${url}) ![b](${url})`, metadata: { url, source: url } }]),
    await call('POST', '/v1/collections/n/import', `{"text":"${url}","url":"${url}"}`, { 'content-type': 'application/x-ndjson' }),
    await call('POST', `/v1/collections/${encodeURIComponent(url)}/import`, '{}', { 'content-type': 'application/x-ndjson' }),
    await call('POST', '/v1/graphs/g/load', `<?xml version="1.0"?><!DOCTYPE graphml SYSTEM "${url}" [<!ENTITY x SYSTEM "${url}"><!ENTITY % y SYSTEM "${url}">]><graphml xmlns="${url}"><graph edgedefault="undirected"><node id="a"/><node id="&x;"/></graph></graphml>`, { 'content-type': 'application/xml' }),
    await call('PUT', '/v1/neighbors/p', { collection: url }),
    await call('GET', '/v1/collections', undefined, { host: new URL(inner.url).host, forwarded: `host=${new URL(inner.url).host}`, 'x-forwarded-host': new URL(inner.url).host }),
  ]
  await fetch((await serve(t)).url + '/v1/audio/transcriptions', { method: 'POST', body: form })
  for (const { status, text } of asked) t.true(status < 500, text)
  t.is(inner.asked(), 0)
})

test('an embedding service can lead nowhere else: redirects are not followed', async (t) => {
  const inner = await listener(t, (_request, response) => response.end('{"data":[{"index":0,"embedding":[1,2]}]}'))
  const outer = await listener(t, (_request, response) => response.writeHead(307, { location: `${inner.url}/embeddings` }).end())
  await fails(t, 'MODEL_REMOTE_REFUSED', () => remoteEmbedder({ url: outer.url, model: 'm', dim: 2, apiKey: 'secret', retries: 0 }).embed(['a']))
  t.is(inner.asked(), 0)
})

test('an answer of an embedding service that is longer than vectors can be is not read on, packed or not', async (t) => {
  const piece = Buffer.alloc(1024 * 1024, ' ')
  const endless = await listener(t, (_request, response) => {
    const more = (): void => void (response.destroyed || response.write(piece, () => setImmediate(more)))
    more()
  })
  const packed = await listener(t, (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '))))
  const before = process.memoryUsage().rss
  for (const { url } of [endless, packed]) await fails(t, 'MODEL_REMOTE_ANSWER', () => remoteEmbedder({ url, model: 'm', dim: 2, retries: 0 }).embed(['a']))
  t.true(process.memoryUsage().rss - before < 400 * 1024 * 1024)
})
