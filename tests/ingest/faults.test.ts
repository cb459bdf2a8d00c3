import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Queue as Bull } from 'bullmq'
import { CanopyError, Ingest, type BreakerState, type IngestEvent } from '../../ts/index.js'
import { Breaker } from '../../ts/ingest/breaker.js'
import { eventually } from '../helpers/eventually.js'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { at, using } from '../helpers/services.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { proxy } from '../helpers/toxi.js'

const DAY = 86_400_000

test.serial('a breaker goes by no clock that can be set: back or forward, its probe comes when its time is over', async (t) => {
  const away = async (): Promise<never> => { throw new CanopyError('POSTGRES_UNREACHABLE', 'unavailable', 'nobody is there, on purpose') }
  const now = Date.now
  for (const jump of [-DAY, DAY]) {
    const states: BreakerState[] = []
    const breaker = new Breaker('there', { failures: 2, resetMs: 150 })
    breaker.onState((state) => states.push(state))
    for (let i = 0; i < 2; i += 1) await fails(t, 'POSTGRES_UNREACHABLE', () => breaker.run(away))
    try {
      Date.now = () => now() + jump
      await fails(t, 'BREAKER_OPEN', () => breaker.run(async () => 'too early'))
      await sleep(200)
      t.is(await breaker.run(async () => 'probe'), 'probe')
    } finally {
      Date.now = now
    }
    t.deepEqual(states, [0, 1, 0.5, 0])
  }
})

test('one target that is slow doesn’t hold up another, and its own batches keep their order', async (t) => {
  const db = await database(t)
  const [slow, quick] = [await db.create('slow', { model: null }), await db.create('quick', { model: null })]
  const order: string[] = []
  let free: () => void = () => undefined
  const held = new Promise<void>((resolve) => (free = resolve))
  const put = slow.putJson.bind(slow)
  slow.putJson = async (records, ...rest) => {
    await held
    order.push(...(JSON.parse(records.toString()) as Array<{ id: string }>).map(({ id }) => id))
    return put(records, ...rest)
  }
  t.is(await db.collection('slow'), slow, 'a collection is opened once')
  const queue = await Ingest.open(db, { dir: await folder(t), batch: 2, flushMs: 0 })
  t.teardown(() => queue.close())
  for (let i = 0; i < 6; i += 1) await queue.push('slow', [{ id: `s${i}`, text: 'x' }])
  await queue.push('quick', [{ id: 'q', text: 'x' }])
  await eventually(async () => (await quick.info()).count === 1)
  t.is((await queue.stats()).depth, 6)
  free()
  await queue.drained()
  t.deepEqual(order, ['s0', 's1', 's2', 's3', 's4', 's5'])
})

using('postgres', 'toxiproxy')('postgres: a network that swallows everything counts as away, and stopping waits for nobody', async (t) => {
  const through = await proxy(t, Number(new URL(at('postgres')).port))
  const url = new URL(schemaUrl(t))
  const direct = await openPostgres(t, url.href)
  const notes = await direct.create('notes', { model: null })
  url.port = String(through.port)
  const db = await openPostgres(t, url.href, { connectTimeoutMs: 500 })
  await db.collection('notes')
  const events: IngestEvent[] = []
  const dir = await folder(t)
  const options = { dir, remote: 'postgres', whileOpen: 'queue', batch: 50, flushMs: 0, writeTimeoutMs: 400, breaker: { failures: 2, resetMs: 200 }, onEvent: (event: IngestEvent) => void events.push(event) } as const
  const queue = await Ingest.open(db, options)
  const push = async (from: number): Promise<void> => {
    for (let i = from; i < from + 40; i += 1) await queue.push('notes', [{ id: `r${i}`, text: `record ${i}` }])
  }
  await push(0)
  // Nothing comes through any more, not even the end of a connection.
  const heals = await Promise.all((['upstream', 'downstream'] as const).map((stream) => through.add('timeout', { timeout: 0 }, stream)))
  await push(40)
  await eventually(async () => queue.breakers['postgres'] === 1)
  const failed = events.filter((event) => event.type === 'failed')
  t.true(failed.some(({ code }) => code === 'WRITE_TIMEOUT' || code === 'POSTGRES_UNREACHABLE'))
  t.true(failed.every(({ target, retryMs, message }) => target === 'notes' && retryMs > 0 && message.length > 20))
  await Promise.all(heals.map((heal) => heal()))
  await queue.drained(AbortSignal.timeout(20_000))
  t.is((await notes.info()).count, 80)
  t.is((await queue.stats()).dead, 0)
  await Promise.all((['upstream', 'downstream'] as const).map((stream) => through.add('timeout', { timeout: 0 }, stream)))
  await push(80)
  await sleep(50)
  const began = performance.now()
  await queue.close()
  t.true(performance.now() - began < 3000, `${performance.now() - began} ms`)
  const again = await Ingest.open(direct, options)
  await again.drained(AbortSignal.timeout(20_000))
  t.is((await notes.info()).count, 120)
  await again.close()
})

using('redis', 'postgres', 'toxiproxy')('redis, postgres: what one server can’t write another takes over, and the first goes on accepting', async (t) => {
  const through = await proxy(t, Number(new URL(at('postgres')).port))
  const url = new URL(schemaUrl(t))
  const near = await openPostgres(t, url.href)
  const notes = await near.create('notes', { model: null })
  url.port = String(through.port)
  const far = await openPostgres(t, url.href, { connectTimeoutMs: 500 })
  await far.collection('notes')
  const place = { redis: at('redis'), prefix: `test-${randomUUID()}:`, remote: 'postgres', breaker: { failures: 2, resetMs: 1000 } }
  const cutOff = await Ingest.open(far, { dir: await folder(t), ...place })
  t.teardown(() => cutOff.close())
  await through.enable(false)
  await cutOff.push('notes', [{ id: 'a', text: 'accepted by one that can’t write' }])
  await eventually(async () => cutOff.breakers['postgres'] === 1)
  const healthy = await Ingest.open(near, { dir: await folder(t), ...place })
  t.teardown(() => healthy.close())
  await eventually(async () => (await notes.info()).count === 1)
  await through.enable(true)
  // Nothing is left that the first one could probe with but what it is sent now.
  await eventually(async () => cutOff.push('notes', [{ id: 'b', text: 'x' }]).then(() => true, () => false), 5)
  await eventually(async () => (await notes.info()).count === 2)
  await eventually(async () => cutOff.breakers['postgres'] === 0)
  t.is((await healthy.stats()).depth, 0)
})

using('redis')('redis: a push that gets no answer gives its room back when it did not arrive', async (t) => {
  t.timeout(30_000)
  const db = await database(t)
  await db.create('notes', { model: null })
  const queue = await Ingest.open(db, { dir: await folder(t), redis: at('redis'), prefix: `test-${randomUUID()}:`, capacity: 10 })
  t.teardown(() => queue.close())
  const records = Array.from({ length: 8 }, (_, i) => ({ id: `r${i}`, text: 'x' }))
  const { add } = Bull.prototype
  Bull.prototype.add = async () => { throw new Error('Connection is closed.') }
  try {
    await fails(t, 'REDIS_UNREACHABLE', () => queue.push('notes', records, { idempotencyKey: 'k' }))
  } finally {
    Bull.prototype.add = add
  }
  await fails(t, 'QUEUE_FULL', () => queue.push('notes', records))
  await eventually(async () => (await queue.stats()).depth === 0)
  t.false((await queue.push('notes', records, { idempotencyKey: 'k' })).repeated)
  await queue.drained()
  t.is((await (await db.collection('notes')).info()).count, 8)
})
