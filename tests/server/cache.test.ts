import { randomUUID } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { conform, schemaUrl } from '../helpers/places.js'
import { serve, type Served } from '../helpers/server.js'
import { at, using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

const ask = (served: Served, text: string) => served.call('POST', '/v1/collections/notes/search', { text, include: [] })
const ids = (json: { [key: string]: unknown }): string[] => (json['hits'] as Array<{ id: string }>).map(({ id }) => id)

/** What must hold wherever records and answers are. */
async function neverStale(t: ExecutionContext, served: Served): Promise<void> {
  await served.call('POST', '/v1/collections', { name: 'notes', model: null })
  const put = (id: string, text: string) => served.call('PUT', `/v1/collections/notes/records/${id}`, { text })
  await put('a', 'green tea')
  const first = await ask(served, 'tea')
  t.deepEqual([first.status, first.headers.get('x-cache'), ids(first.json)], [200, 'miss', ['a']])
  const second = await ask(served, 'tea')
  t.deepEqual([second.headers.get('x-cache'), second.text], ['hit', first.text])
  t.is((await ask(served, 'other')).headers.get('x-cache'), 'miss')
  await put('b', 'black tea')
  const third = await ask(served, 'tea')
  t.deepEqual([third.headers.get('x-cache'), ids(third.json).toSorted()], ['miss', ['a', 'b']])
  const similar = () => served.call('GET', '/v1/collections/notes/records/a/similar')
  t.deepEqual([(await similar()).headers.get('x-cache'), (await similar()).headers.get('x-cache')], ['miss', 'miss'], 'what carries a note is asked for again')
  await served.call('DELETE', '/v1/collections/notes/records/a')
  t.deepEqual(ids((await ask(served, 'tea')).json), ['b'])
  // Searches that run while a write is under way may keep what they found, but not for those that come after it.
  for (let i = 0; i < 40; i += 1) {
    const racing = Array.from({ length: 4 }, () => ask(served, 'tea'))
    await put('b', i % 2 === 0 ? 'coffee' : 'tea again')
    t.deepEqual(ids((await ask(served, 'tea')).json), i % 2 === 0 ? [] : ['b'], `write ${i}`)
    await Promise.all(racing)
  }
  await served.call('DELETE', '/v1/collections/notes')
  t.is((await ask(served, 'tea')).status, 404)
  await served.call('POST', '/v1/collections', { name: 'notes', model: null })
  t.deepEqual(ids((await ask(served, 'tea')).json), [], 'a collection of the same name is another one')
}

test('answers are kept until their collection changes, in memory and on disk', async (t) => {
  await neverStale(t, await serve(t, { 'cache.enabled': true }))
  await neverStale(t, await serve(t, { 'cache.enabled': true, 'cache.memoryBytes': 0, 'cache.diskBytes': 1 << 20 }))
})

using('redis')('redis: answers are kept until their collection changes', async (t) => {
  await neverStale(t, await serve(t, { 'cache.enabled': true, 'redis.url': at('redis'), 'redis.prefix': `test-${randomUUID()}:` }))
})

using('redis', 'postgres')('redis, postgres: servers that share records and answers see each other’s changes', async (t) => {
  const shared = { 'cache.enabled': true, 'redis.url': at('redis'), 'redis.prefix': `test-${randomUUID()}:`, 'store.url': schemaUrl(t) }
  const [one, other] = [await serve(t, shared), await serve(t, shared)]
  await neverStale(t, one)
  await one.call('PUT', '/v1/collections/notes/records/a', { text: 'green tea' })
  t.is((await ask(one, 'tea')).headers.get('x-cache'), 'miss')
  t.is((await ask(other, 'tea')).headers.get('x-cache'), 'hit')
  for (let i = 0; i < 20; i += 1) {
    const [writer, reader] = i % 2 === 0 ? [one, other] : [other, one]
    await writer.call('PUT', '/v1/collections/notes/records/a', { text: i % 2 === 0 ? 'coffee' : 'tea' })
    t.deepEqual(ids((await ask(reader, 'tea')).json), i % 2 === 0 ? [] : ['a'], `write ${i}`)
  }
})

test('a restart goes on with what is on disk', async (t) => {
  const settings = { 'data.dir': await folder(t), 'cache.enabled': true, 'cache.diskBytes': 1 << 20 }
  const first = await serve(t, settings)
  await first.call('POST', '/v1/collections', { name: 'notes', model: null })
  await first.call('PUT', '/v1/collections/notes/records/a', { text: 'tea' })
  await ask(first, 'tea')
  await first.stop()
  const second = await serve(t, settings)
  t.is((await ask(second, 'tea')).headers.get('x-cache'), 'hit')
})

test('metrics tell of the cache', async (t) => {
  const served = await serve(t, { 'cache.enabled': true, 'cache.everyMs': 100, 'cache.diskBytes': 1 << 20 })
  t.true((await served.call('GET', '/metrics')).text.includes('cache_ttl_seconds 60'))
  await served.call('POST', '/v1/collections', { name: 'notes', model: null })
  for (let i = 0; i < 10; i += 1) await ask(served, 'tea')
  await new Promise((resolve) => setTimeout(resolve, 250))
  t.regex((await served.call('GET', '/metrics')).text, /^redis_hit_ratio (0\.\d+|1)$/m)
})

conform('every change makes another version, and nothing else does', async (t, database) => {
  const db = await database(t)
  const notes = await db.create('notes', { dim: 2 })
  const seen = new Set([await notes.version()])
  const changed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await work()
    const version = await notes.version()
    t.false(seen.has(version), what)
    t.is(await notes.version(), version)
    seen.add(version)
  }
  await changed('add', () => notes.add({ id: 'a', text: 'one', vector: [1, 0] }))
  await changed('upsert', () => notes.upsert({ id: 'a', text: 'two', vector: [1, 0] }))
  await changed('metadata', () => notes.update({ id: 'a', text: 'two', vector: [1, 0], metadata: { x: 1 } }))
  await changed('vector', () => notes.update({ id: 'a', text: 'two', vector: [0, 1], metadata: { x: 1 } }))
  await changed('remove', () => notes.remove('a'))
  const before = await notes.version()
  await notes.search({ text: 'two' })
  await notes.list()
  t.is(await notes.version(), before)
  await db.drop('notes')
  t.false(seen.has(await (await db.create('notes', { dim: 2 })).version()), 'a collection of the same name')
})
