import { Ingest, type BreakerState } from '../../ts/index.js'
import { eventually } from '../helpers/eventually.js'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { at, using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { proxy } from '../helpers/toxi.js'

using('postgres', 'toxiproxy')('postgres: latency, resets and a cut in mid-burst: the breaker opens, probes, closes; nothing is lost, nothing double', async (t) => {
  t.timeout(120_000)
  const through = await proxy(t, Number(new URL(at('postgres')).port))
  const url = new URL(schemaUrl(t))
  const direct = await openPostgres(t, url.href)
  await direct.create('notes', { model: null })
  url.port = String(through.port)
  const db = await openPostgres(t, url.href)
  await db.collection('notes')
  const states: BreakerState[] = []
  const queue = await Ingest.open(db, {
    dir: await folder(t),
    remote: 'postgres',
    whileOpen: 'queue',
    batch: 64,
    flushMs: 0,
    breaker: { failures: 5, resetMs: 400 },
    onEvent: (event) => void (event.type === 'breaker' && states.push(event.state)),
  })
  t.teardown(() => queue.close())
  let sent = 0
  const burst = async (requests: number): Promise<void> => {
    const first = sent
    sent += requests
    await Promise.all(Array.from({ length: requests }, (_, i) => queue.push('notes', Array.from({ length: 10 }, (_record, j) => ({ text: `request ${first + i} record ${j}` })))))
  }
  await burst(60)
  const slow = await through.add('latency', { latency: 60, jitter: 30 })
  await burst(60)
  const resets = await through.add('reset_peer', { timeout: 15 })
  await burst(60)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await resets()
  await slow()
  await through.enable(false)
  await burst(60)
  await eventually(async () => states.includes(1))
  await burst(60)
  t.is(queue.breakers['postgres'] === 0, false)
  await through.enable(true)
  await eventually(async () => (await queue.stats()).depth === 0)
  t.regex(states.join(' '), /1 0\.5 (1 0\.5 )*0$/, 'OPEN → HALF_OPEN → CLOSED')
  const texts = new Map<string, number>()
  for await (const { text } of (await direct.collection('notes')).records({ limit: 1000 })) texts.set(text, (texts.get(text) ?? 0) + 1)
  t.is(texts.size, sent * 10, 'lost')
  t.deepEqual([...texts].filter(([, times]) => times > 1), [], 'double')
  t.is((await queue.stats()).dead, 0)
})

using('postgres', 'toxiproxy')('postgres: while the breaker is open records are refused with the time to come again', async (t) => {
  const through = await proxy(t, Number(new URL(at('postgres')).port))
  const url = new URL(schemaUrl(t))
  url.port = String(through.port)
  const db = await openPostgres(t, url.href)
  await db.create('notes', { model: null })
  const queue = await Ingest.open(db, { dir: await folder(t), remote: 'postgres', breaker: { failures: 2, resetMs: 60_000 } })
  t.teardown(() => queue.close())
  await through.enable(false)
  await queue.push('notes', [{ text: 'kept' }])
  await eventually(async () => queue.breakers['postgres'] === 1)
  const refused = await fails(t, 'BREAKER_OPEN', () => queue.push('notes', [{ text: 'refused' }]))
  t.true((refused?.retryAfterMs ?? 0) > 30_000)
  t.is((await queue.stats()).depth, 1)
})
