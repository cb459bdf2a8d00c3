import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { Ingest, open, type AnyDatabase } from '../../ts/index.js'
import { canopy, started } from '../helpers/cli.js'
import { eventually } from '../helpers/eventually.js'
import { conformIngest } from '../helpers/ingest-places.js'
import { call, serve } from '../helpers/server.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { tiny } from '../helpers/tiny.js'

const count = async (db: AnyDatabase, name = 'notes'): Promise<number> => (await (await db.collection(name)).info()).count

conformIngest('what is accepted is stored, in order, once', async (t, ingest) => {
  const { db, queue } = await ingest(t)
  const pushes = Array.from({ length: 200 }, (_, i) => queue.push('notes', [{ id: `a${i % 50}`, text: `version ${Math.floor(i / 50)}` }, { text: `without an id ${i}` }]))
  t.true((await Promise.all(pushes)).every(({ records, repeated }) => records === 2 && !repeated))
  await queue.drained()
  t.is(await count(db), 250)
  const notes = await db.collection('notes')
  for (let i = 0; i < 50; i += 1) t.is((await notes.get(`a${i}`))?.text, 'version 3', 'the last one holds, within a batch too')
})

conformIngest('poison becomes dead letters, its neighbours are stored, a replay stores it when it can be', async (t, ingest) => {
  const { db, queue, events } = await ingest(t)
  await queue.push('notes', [{ id: 'good', text: 'fine' }, { id: 'bad', text: '' }, { id: 'fine', text: 'too' }, { id: 'worse', text: 'x', vector: [1, 2] }])
  await queue.push('later', [{ id: 'early', text: 'before its collection' }])
  await queue.push('notes', [{ id: 'after', text: 'goes on' }])
  await queue.drained()
  t.is(await count(db), 3)
  const letters = await queue.dead()
  t.deepEqual(letters.map(({ code, records }) => [code, records.map(({ id }) => id)]).toSorted(), [['COLLECTION_NOT_FOUND', ['early']], ['TEXT_EMPTY', ['bad']], ['VECTOR_DIMENSION', ['worse']]])
  t.true(letters.every(({ message }) => message.length > 20))
  t.is(events.filter(({ type }) => type === 'dead').length, 3)
  await db.create('later', { model: null })
  t.is(await queue.replay(letters.filter(({ collection }) => collection === 'later').map(({ id }) => id)), 1)
  await queue.drained()
  t.is(await count(db, 'later'), 1)
  t.is(await queue.discard((await queue.dead()).map(({ id }) => id)), 2)
  t.is((await queue.stats()).dead, 0)
})

conformIngest('keys count once, a full queue and a hasty tenant are told when to come again', async (t, ingest) => {
  const { db, queue } = await ingest(t, { capacity: 10, tenantRate: 10, tenantBurst: 20 })
  await queue.pause()
  const push = (key?: string, text = 'once', records = 2, tenant = 'a') => queue.push('notes', Array.from({ length: records }, (_, i) => ({ text: `${text} ${i}` })), { tenant, idempotencyKey: key })
  const first = await push('k')
  t.like(await push('k'), { batch: first.batch, records: 2, repeated: true })
  await fails(t, 'IDEMPOTENCY_CONFLICT', () => push('k', 'other'))
  t.false((await push('k', 'other', 2, 'b')).repeated, 'each tenant has keys of its own')
  const full = await fails(t, 'QUEUE_FULL', () => push(undefined, 'x', 9))
  t.true((full?.retryAfterMs ?? 0) > 0)
  const hasty = await fails(t, 'TENANT_RATE', async () => {
    // At once: tokens come back while a busy machine takes its time.
    await Promise.all(Array.from({ length: 100 }, (_, i) => push(`hasty${i}`, 'h', 1, 'hasty').catch((error: Error & { code?: string }) => { if (error.code !== 'QUEUE_FULL') throw error })))
  })
  t.true((hasty?.retryAfterMs ?? 0) > 0)
  t.is(await count(db), 0)
})

conformIngest('over HTTP: 202, repeated keys, dead letters, metrics, bad bodies', async (t, _ingest, settings) => {
  const { call: ask, db } = await serve(t, { 'ingest.capacity': 100, ...settings })
  await ask('POST', '/v1/collections', { name: 'notes', model: null })
  const push = (body: unknown, headers: Record<string, string> = {}) => ask('POST', '/v1/collections/notes/ingest', body, headers)
  const accepted = await push([{ id: 'a', text: 'one' }, { text: 'two' }], { 'idempotency-key': 'k' })
  t.deepEqual([accepted.status, accepted.json['records'], accepted.json['repeated']], [202, 2, false])
  t.is((await push([{ id: 'a', text: 'one' }, { text: 'two' }], { 'idempotency-key': 'k' })).json['repeated'], true)
  t.is((await push([{ id: 'a' }], { 'idempotency-key': 'k' })).status, 409)
  await eventually(async () => (await count(db)) === 2)
  for (const wrong of ['{}', '[]', '[1]', '[{"id":7}]', 'null', '[{"text":"x"}']) t.deepEqual([(await push(wrong)).status, (await push(wrong)).json.code], [400, 'INGEST_RECORD'], wrong)
  t.is((await ask('POST', '/v1/collections/none/ingest', [{ text: 'x' }])).status, 404)
  await push([{ id: 'p', text: '' }])
  await eventually(async () => ((await ask('GET', '/v1/ingest')).json['dead'] as number) === 1)
  const { letters } = (await ask('GET', '/v1/ingest/dead')).json as unknown as { letters: Array<{ id: number; code: string }> }
  t.is(letters[0]?.code, 'TEXT_EMPTY')
  t.is((await ask('POST', '/v1/ingest/dead/discard', { ids: letters.map(({ id }) => id) })).json['records'], 1)
  const full = await push(Array.from({ length: 101 }, (_, i) => ({ text: String(i) })))
  t.deepEqual([full.status, full.json.code], [429, 'QUEUE_FULL'])
  t.regex(full.headers.get('retry-after') ?? '', /^\d+$/)
  const metrics = (await ask('GET', '/metrics')).text
  for (const name of ['ingest_queue_fill_ratio 0', 'ingest_accepted_total 3', 'ingest_written_total 2', 'ingest_dead_total{code="TEXT_EMPTY"} 1', 'ingest_refused_total{code="QUEUE_FULL"} 1']) t.true(metrics.includes(name), name)
})

conformIngest('a server killed in mid-burst, again and again, loses nothing that it accepted and stores nothing twice', async (t, _ingest, settings) => {
  const set = Object.entries({ 'log.level': 'silent', 'server.maxEventLoopDelayMs': '0', 'ingest.flushMs': '50', ...settings }).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  t.timeout(150_000)
  const dir = await folder(t)
  const db = await open(dir)
  await db.create('notes', { model: null })
  await db.close()
  const serving = async () => {
    const { child, line } = await started(['serve', '--json', '-d', dir, '--port', '0', ...set], { cwd: dir })
    t.teardown(() => child.kill('SIGKILL'))
    return { child, url: (JSON.parse(line) as { url: string }).url }
  }
  const REQUESTS = 120
  const body = (i: number) => Array.from({ length: 20 }, (_, j) => ({ text: `request ${i} record ${j}` }))
  const accepted = new Set<number>()
  let { child, url } = await serving()
  for (let kills = 0; accepted.size < REQUESTS; kills += 1) {
    const left = Array.from({ length: REQUESTS }, (_, i) => i).filter((i) => !accepted.has(i))
    // Killed when a part of what is under way has been answered; the last server lives.
    const deadly = kills < 2 ? accepted.size + 30 : Infinity
    await Promise.all(
      left.map(async (i) => {
        const answer = await call(`${url}/v1/collections/notes/ingest`, 'POST', body(i), { 'idempotency-key': String(i) }).catch(() => undefined)
        if (answer?.status === 202) accepted.add(i)
        if (accepted.size >= deadly) child.kill('SIGKILL')
      }),
    )
    if (child.exitCode !== null || child.signalCode !== null || child.killed) ({ child, url } = await serving())
  }
  await eventually(async () => ((await call(`${url}/v1/ingest`, 'GET')).json['depth'] as number) === 0)
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('close', resolve))
  const after = await open(dir, { readOnly: true })
  t.teardown(() => after.close())
  const texts = new Map<string, number>()
  for await (const { text } of (await after.collection('notes')).records({ limit: 1000 })) texts.set(text, (texts.get(text) ?? 0) + 1)
  t.is(texts.size, REQUESTS * 20, 'lost')
  t.deepEqual([...texts].filter(([, times]) => times > 1), [], 'double')
  const status = await canopy(['queue', 'status', '-d', dir, '--json', ...set], { cwd: dir })
  t.like(JSON.parse(status.stdout), { depth: 0, dead: 0 })
})

test('two drains of one queue are refused; what one left is gone on with', async (t) => {
  const db = await database(t)
  await db.ensure('notes', { model: null })
  const dir = await folder(t)
  const first = await Ingest.open(db, { dir })
  await fails(t, 'QUEUE_LOCKED', () => Ingest.open(db, { dir }))
  await first.pause()
  await first.push('notes', [{ id: 'x', text: 'kept' }])
  await first.close()
  t.is(await count(db), 0)
  t.truthy(path.join(dir, 'ingest.db'))
})

test('the disk fills up in mid-burst: 507, what was accepted is kept, and stored when there is room again', async (t) => {
  const dir = await tiny(t, 12 << 20)
  if (dir === undefined) {
    t.pass('skipped: this user may not mount a file system')
    return
  }
  const ballast = path.join(dir, 'ballast')
  await writeFile(ballast, Buffer.alloc(4 << 20, 1))
  const { call: ask, db } = await serve(t, { 'data.dir': path.join(dir, 'data'), 'ingest.flushMs': 0 })
  await ask('POST', '/v1/collections', { name: 'notes', model: null })
  const accepted: number[] = []
  let refused: string | undefined
  for (let i = 0; i < 2000 && refused === undefined; i += 1) {
    const body = Array.from({ length: 10 }, (_, j) => ({ id: `${i}-${j}`, text: `request ${i} record ${j} ${'x'.repeat(1500)}` }))
    const answer = await ask('POST', '/v1/collections/notes/ingest', body)
    if (answer.status === 202) accepted.push(i)
    else refused = `${answer.status} ${answer.json.code}`
  }
  t.is(refused, '507 LEDGER_FULL')
  t.true(accepted.length > 20, String(accepted.length))
  await rm(ballast)
  await eventually(async () => ((await ask('GET', '/v1/ingest')).json['depth'] as number) === 0, 40)
  t.is(await count(db), accepted.length * 10, 'all that was accepted, once, and nothing else')
  t.is((await ask('GET', '/v1/ingest')).json['dead'], 0)
})
