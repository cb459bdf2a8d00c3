import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { Cache, type CacheEvent } from '../../ts/index.js'
import { at, using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

const bytes = (text: string): Buffer => Buffer.from(text)

test('two tiers: what the first forgot is in the second, a restart too; the quota holds', async (t) => {
  const dir = await folder(t)
  const events: CacheEvent[] = []
  const options = { dir, memoryBytes: 2000, diskBytes: 1 << 20, onEvent: (event: CacheEvent) => void events.push(event) }
  const cache = await Cache.open(options)
  for (let i = 0; i < 50; i += 1) await cache.set(`k${i}`, bytes(`value ${i} ${'x'.repeat(100)}`))
  t.true((await cache.get('k0'))?.toString().startsWith('value 0'))
  t.is(await cache.get('none'), undefined)
  for (let i = 0; i < 30; i += 1) await cache.set(`large${i}`, Buffer.alloc(100_000, i))
  t.true(events.some((event) => event.type === 'evicted' && event.cause === 'quota'))
  await cache.delete('large29')
  t.is(await cache.get('large29'), undefined)
  await cache.close()
  const again = await Cache.open(options)
  t.is((await again.get('large28'))?.length, 100_000)
  await again.close()
})

test('entries live as long as the TTL of now', async (t) => {
  const cache = await Cache.open({ dir: await folder(t), ttl: 1, dryRun: true, diskBytes: 1 << 20 })
  t.teardown(() => cache.close())
  let made = 0
  const make = async () => bytes(String((made += 1)))
  t.is((await cache.through('k', make)).toString(), '1')
  t.is((await cache.through('k', make)).toString(), '1')
  await sleep(1100)
  t.is((await cache.through('k', make)).toString(), '2')
})

test.serial('a clock that jumps makes an entry stale, never one that lives longer', async (t) => {
  const cache = await Cache.open({ dir: await folder(t), ttl: 60, dryRun: true, diskBytes: 1 << 20 })
  t.teardown(() => cache.close())
  const now = Date.now
  try {
    await cache.set('k', bytes('v'))
    Date.now = () => now() - 3_600_000
    t.is(await cache.get('k'), undefined, 'from the future')
    Date.now = () => now() + 3_600_000
    t.is(await cache.get('k'), undefined, 'too old')
    Date.now = now
    t.is((await cache.get('k'))?.toString(), 'v')
  } finally {
    Date.now = now
  }
})

test('a restart goes on with the TTL; a dry run tells and doesn’t move', async (t) => {
  const dir = await folder(t)
  const cache = await Cache.open({ dir, ttl: 60, everyMs: 3_600_000 })
  for (let i = 0; i < 1000; i += 1) await cache.get(`miss ${i}`)
  await cache.step()
  t.true(cache.ttl > 60, String(cache.ttl))
  const state = cache.state
  await cache.close()
  const again = await Cache.open({ dir, ttl: 60, everyMs: 3_600_000 })
  t.deepEqual(again.state, state)
  await again.close()
  const dry = await Cache.open({ dir, ttl: 60, everyMs: 3_600_000, dryRun: true })
  for (let i = 0; i < 1000; i += 1) await dry.get(`miss ${i}`)
  await dry.step()
  t.is(dry.ttl, 60)
  t.true(dry.state.ttl > state.ttl)
  await dry.close()
})

test('stopping takes less than 50 ms at any interval, and a process with two cycles behind it ends by itself', async (t) => {
  for (const everyMs of [1, 7, 1000, 86_400_000]) {
    const cache = await Cache.open({ dir: await folder(t), everyMs, diskBytes: 1 << 20 })
    await cache.set('k', bytes('v'))
    await sleep(20)
    const began = performance.now()
    await cache.close()
    t.true(performance.now() - began < 50, `${everyMs} ms`)
  }
  const module = new URL('../../ts/index.js', import.meta.url).href
  const redis = process.env['CANOPY_TEST_REDIS']
  const script = `
    import { Cache } from ${JSON.stringify(module)}
    for (let i = 0; i < 2; i += 1) {
      const cache = await Cache.open({ dir: process.argv[1], everyMs: 5, diskBytes: 1 << 20, ${redis ? `redis: ${JSON.stringify(redis)}, prefix: ${JSON.stringify(`test-${randomUUID()}:`)}` : ''} })
      await cache.set('k', Buffer.from('v'))
      await new Promise((resolve) => setTimeout(resolve, 30))
      await cache.close()
    }
    const left = process.getActiveResourcesInfo().filter((kind) => /Timeout|TCP|Immediate/.test(kind))
    console.log(JSON.stringify(left))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script, await folder(t)], { timeout: 60_000, encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) })
  t.is(ran.status, 0, ran.stderr)
  t.is(ran.stdout.trim(), '[]')
})

using('redis')('redis: servers share entries and one TTL: of those that come in a window one makes the step', async (t) => {
  const shared = { redis: at('redis'), prefix: `test-${randomUUID()}:`, everyMs: 3_600_000 }
  const caches = await Promise.all([0, 1, 2].map(async () => Cache.open({ ...shared, dir: await folder(t) })))
  t.teardown(() => Promise.all(caches.map((cache) => cache.close())))
  const [first, second, third] = caches
  await first?.set('k', bytes('shared'))
  t.is((await second?.get('k'))?.toString(), 'shared')
  for (let i = 0; i < 300; i += 1) await Promise.all(caches.map((cache) => cache.get(`miss ${i}`)))
  await Promise.all(caches.map((cache) => cache.step()))
  await Promise.all(caches.map((cache) => cache.step()))
  t.true((first?.ttl ?? 0) > 60)
  t.deepEqual([second?.state, third?.state], [first?.state, first?.state])
  const one = Math.log((first?.ttl ?? 0) / 60)
  t.true(one <= 1, `one step, not three: e^${one}`)
})
