import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Ingest } from '../../ts/index.js'
import { started } from '../helpers/cli.js'
import { eventually } from '../helpers/eventually.js'
import { ownRedis } from '../helpers/own-redis.js'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { call } from '../helpers/server.js'
import { at, using } from '../helpers/services.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { proxy } from '../helpers/toxi.js'

const prefixed = () => ({ redis: at('redis'), prefix: `test-${randomUUID()}:` })

/** How often each text is stored. */
async function textsOf(db: Awaited<ReturnType<typeof database>> | Awaited<ReturnType<typeof openPostgres>>): Promise<Map<string, number>> {
  const texts = new Map<string, number>()
  for await (const { text } of (await db.collection('notes')).records({ limit: 1000 })) texts.set(text, (texts.get(text) ?? 0) + 1)
  return texts
}

using('redis', 'postgres')('redis, postgres: of two servers that share queue and records one is killed in mid-burst: nothing is lost, nothing double', async (t) => {
  t.timeout(120_000)
  const url = schemaUrl(t)
  const db = await openPostgres(t, url)
  await db.create('notes', { model: null })
  const { redis, prefix } = prefixed()
  const settings = { 'store.url': url, 'ingest.url': redis, 'redis.prefix': prefix, 'log.level': 'silent', 'server.maxEventLoopDelayMs': '0', 'ingest.batch': '50' }
  const serving = async () => {
    const dir = await folder(t)
    const { child, line } = await started(['serve', '--json', '-d', dir, '--port', '0', ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])], { cwd: dir })
    t.teardown(() => child.kill('SIGKILL'))
    return { child, url: (JSON.parse(line) as { url: string }).url }
  }
  const [first, second] = await Promise.all([serving(), serving()])
  const REQUESTS = 120
  const accepted = new Set<number>()
  await Promise.all(
    Array.from({ length: REQUESTS }, async (_, i) => {
      const body = Array.from({ length: 20 }, (_record, j) => ({ text: `request ${i} record ${j}` }))
      // Whoever gets no answer asks the other server, with the same key.
      for (let tries = 0; !accepted.has(i); tries += 1) {
        const server = (i + tries) % 2 === 0 ? first : second
        const answer = await call(`${server.url}/v1/collections/notes/ingest`, 'POST', body, { 'idempotency-key': `${i}`, 'x-tenant': 'one' }).catch(() => undefined)
        if (answer?.status === 202) accepted.add(i)
        else await sleep(20)
        if (accepted.size >= 40) first.child.kill('SIGKILL')
      }
    }),
  )
  // What the killed one was at passes to the other when its lease has ended.
  await eventually(async () => ((await call(`${second.url}/v1/ingest`, 'GET')).json['depth'] as number) === 0, 40)
  const texts = await textsOf(db)
  t.is(texts.size, REQUESTS * 20, 'lost')
  t.deepEqual([...texts].filter(([, times]) => times > 1), [], 'double')
})

using('redis', 'toxiproxy')('redis: latency, resets and cuts between a server and its queue: what was accepted is stored once', async (t) => {
  t.timeout(60_000)
  const through = await proxy(t, Number(new URL(at('redis')).port))
  const url = new URL(at('redis'))
  url.port = String(through.port)
  const db = await database(t)
  await db.create('notes', { model: null })
  const queue = await Ingest.open(db, { dir: await folder(t), ...prefixed(), redis: url.href, batch: 40, flushMs: 0 })
  t.teardown(() => queue.close())
  let refused = 0
  const burst = (from: number) =>
    Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        for (;;) {
          try {
            return await queue.push('notes', Array.from({ length: 5 }, (_record, j) => ({ text: `request ${from + i} record ${j}` })), { idempotencyKey: String(from + i) })
          } catch (error) {
            t.is((error as { code?: string }).code, 'REDIS_UNREACHABLE')
            refused += 1
            await sleep(50)
          }
        }
      }),
    )
  await burst(0)
  const slow = await through.add('latency', { latency: 20, jitter: 10 })
  await burst(40)
  await slow()
  const resets = await through.add('reset_peer', { timeout: 10 })
  const during = burst(80)
  await sleep(200)
  await resets()
  await during
  await through.enable(false)
  const cut = burst(120)
  await sleep(200)
  await through.enable(true)
  await cut
  t.true(refused > 0, 'who could not be accepted was told so')
  await eventually(async () => (await queue.stats().catch(() => ({ depth: 1 }))).depth === 0)
  const texts = await textsOf(db)
  t.is(texts.size, 160 * 5, 'lost')
  t.deepEqual([...texts].filter(([, times]) => times > 1), [], 'double')
})

using('redis')('redis: what was let in and never arrived is forgotten, and its key may be used again', async (t) => {
  const place = prefixed()
  const db = await database(t)
  await db.create('notes', { model: null })
  const queue = await Ingest.open(db, { dir: await folder(t), ...place, capacity: 10 })
  t.teardown(() => queue.close())
  const redis = new Redis(place.redis)
  t.teardown(() => redis.disconnect())
  const base = `{${place.prefix}ingest}`
  // As a server leaves it that is killed between letting a push in and queueing it, some time ago.
  await redis.multi().set(`${base}:depth`, 7).hset(`${base}:items`, 'gone', '7 1000 notes').hset(`${base}:waiting`, 'notes', 7).set(`${base}:seen:gone`, 'digest 1 7').exec()
  await eventually(async () => (await queue.stats()).depth === 0)
  t.is(await redis.exists(`${base}:seen:gone`), 0)
  await queue.push('notes', Array.from({ length: 10 }, (_, i) => ({ text: `record ${i}` })))
  await queue.drained()
  t.is((await (await db.collection('notes')).info()).count, 10)
})

using('redis')('redis: one that may throw entries away is refused, one that is not there too', async (t) => {
  const db = await database(t)
  await fails(t, 'REDIS_UNREACHABLE', async () => Ingest.open(db, { dir: await folder(t), redis: 'redis://127.0.0.1:1' }))
  const redis = await ownRedis(t, await folder(t), ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru', '--appendonly', 'yes'])
  await fails(t, 'QUEUE_EVICTS', async () => Ingest.open(db, { dir: await folder(t), redis: redis.url }))
})

using('redis')('redis: a wrong password is told from a server that is away', async (t) => {
  const db = await database(t)
  const redis = await ownRedis(t, await folder(t), ['--requirepass', 'the right one'])
  const { port } = new URL(redis.url)
  for (const url of [redis.url, `redis://:wrong@127.0.0.1:${port}`]) {
    const error = await fails(t, 'REDIS_AUTH', async () => Ingest.open(db, { dir: await folder(t), redis: url }))
    t.false(error?.message.includes(':wrong@'))
  }
})

using('redis')('redis: its memory is full: nothing more is accepted, what was accepted is stored', async (t) => {
  const db = await database(t)
  await db.create('notes', { model: null })
  const redis = await ownRedis(t, await folder(t), ['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction', '--appendonly', 'yes'])
  const queue = await Ingest.open(db, { dir: await folder(t), redis: redis.url })
  t.teardown(() => queue.close())
  await queue.pause()
  let accepted = 0
  await fails(t, 'REDIS_FULL', async () => {
    for (; accepted < 100; accepted += 1) await queue.push('notes', [{ id: `r${accepted}`, text: 'x'.repeat(200_000) }])
  })
  t.true(accepted > 0)
  await queue.close()
  const again = await Ingest.open(db, { dir: await folder(t), redis: redis.url })
  t.teardown(() => again.close())
  await again.drained()
  t.is((await (await db.collection('notes')).info()).count, accepted)
})

using('redis')('redis: it is killed in mid-burst and comes back with its log: what was accepted is stored once', async (t) => {
  const db = await database(t)
  await db.create('notes', { model: null })
  const redis = await ownRedis(t, await folder(t), ['--appendonly', 'yes', '--appendfsync', 'always'])
  const queue = await Ingest.open(db, { dir: await folder(t), redis: redis.url, batch: 20 })
  t.teardown(() => queue.close())
  const accepted: number[] = []
  const burst = Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      await sleep(i * 4)
      await queue.push('notes', [{ text: `request ${i}` }], { idempotencyKey: String(i) }).then(() => accepted.push(i), () => undefined)
    }),
  )
  await sleep(200)
  await redis.kill()
  await sleep(100)
  await redis.start()
  await burst
  t.true(accepted.length > 0)
  // The depth may stay above 0 for a minute: what was let in, but never arrived since Redis died in between, was not accepted.
  await eventually(async () => { const texts = await textsOf(db); return accepted.every((i) => texts.has(`request ${i}`)) }, 40)
  const texts = await textsOf(db)
  t.deepEqual(accepted.filter((i) => texts.get(`request ${i}`) !== 1), [])
  t.deepEqual([...texts].filter(([, times]) => times > 1), [])
})
