import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { serve } from '../helpers/server.js'

test('nothing is unpacked: a packed body is refused by every way in', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  await call('PUT', '/v1/neighbors/near', { points: [[0, 0], [1, 1]] })
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
  const packed = { 'content-encoding': 'gzip' }
  for (const [method, path, type] of [
    ['POST', '/v1/collections/n/search', 'application/json'],
    ['POST', '/v1/collections/n/records', 'application/json'],
    ['POST', '/v1/collections/n/import', 'application/x-ndjson'],
    ['POST', '/v1/collections/n/ingest', 'application/json'],
    ['PUT', '/v1/neighbors/packed?dim=2', 'application/octet-stream'],
    ['POST', '/v1/neighbors/near/knn?options=%7B%22k%22:1%7D', 'application/octet-stream'],
    ['POST', '/v1/audio/transcriptions', 'multipart/form-data; boundary=x'],
  ] as const) {
    const answer = await call(method, path, bomb, { ...packed, 'content-type': type })
    t.is(answer.status, 415, `${method} ${path}: ${answer.text}`)
    t.is(answer.json.code, 'MEDIA_TYPE')
  }
  t.is((await call('POST', '/v1/collections/n/search', { text: 'tea' }, { 'content-encoding': 'identity' })).status, 200)
})

test('queries as bytes are bounded, whatever builds may be', async (t) => {
  const { call, url } = await serve(t)
  await call('PUT', '/v1/neighbors/near', { points: [[0, 0], [1, 1]] })
  const { port, hostname } = new URL(url)
  for (const length of ['content-length: 90000000', 'transfer-encoding: chunked']) {
    const socket = connect(Number(port), hostname, () => socket.write(`POST /v1/neighbors/near/knn HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/octet-stream\r\n${length}\r\nconnection: close\r\n\r\n`))
    t.regex(await text(socket).catch(String), /^HTTP\/1\.1 413 /, length)
  }
})

test('an address in X-Forwarded-For counts only where a proxy is trusted to set it', async (t) => {
  const spoof = async (flags: Record<string, unknown>): Promise<number[]> => {
    const { call } = await serve(t, { 'server.rateLimit': 2, ...flags })
    const statuses = []
    for (let i = 0; i < 4; i += 1) statuses.push((await call('GET', '/v1/collections', undefined, { 'x-forwarded-for': `203.0.113.${i}` })).status)
    return statuses
  }
  t.deepEqual(await spoof({}), [200, 200, 429, 429])
  t.deepEqual(await spoof({ 'server.trustProxy': '10.0.0.0/8' }), [200, 200, 429, 429])
  t.deepEqual(await spoof({ 'server.trustProxy': 'loopback' }), [200, 200, 200, 200])
  // What a client wrote in front of what our proxy saw is not believed.
  const { call } = await serve(t, { 'server.rateLimit': 2, 'server.trustProxy': '127.0.0.1/32' })
  const statuses = []
  for (let i = 0; i < 4; i += 1) statuses.push((await call('GET', '/v1/collections', undefined, { 'x-forwarded-for': `203.0.113.${i}, 198.51.100.7` })).status)
  t.deepEqual(statuses, [200, 200, 429, 429])
})

test('JSON and GraphML that grow when they are read do not', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  await call('POST', '/v1/graphs', { name: 'g' })
  const laughs = Array.from({ length: 12 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
  const bomb = `<?xml version="1.0"?><!DOCTYPE graphml [<!ENTITY l0 "lol">${laughs}]><graphml><graph edgedefault="undirected"><node id="&l12;"/></graph></graphml>`
  const began = performance.now()
  const answer = await call('POST', '/v1/graphs/g/load', bomb, { 'content-type': 'application/xml' })
  t.is(answer.status, 400, answer.text)
  const wide = `{"text":"x","filter":{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}}`
  t.true([200, 400].includes((await call('POST', '/v1/collections/n/search', wide)).status))
  const nested = `${'{"not":'.repeat(60)}{"a":1}${'}'.repeat(60)}`
  t.true([200, 400].includes((await call('POST', '/v1/collections/n/search', `{"text":"x","filter":${nested}}`)).status))
  t.true(performance.now() - began < 60_000, `${performance.now() - began} ms`)
})
