import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { open, type Collection, type Database } from '../../ts/index.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const COUNT = 10_000
const DIM = 384
/** The promise. */
const LIMIT_MS = 5
const TRIES = 10

async function large(db: Database): Promise<{ collection: Collection; work: () => Promise<unknown> }> {
  const collection = await db.create('large', { dim: DIM })
  const vectors = Float32Array.from({ length: COUNT * DIM }, (_, i) => Math.sin(i * 12.9898) * 43_758.5453 % 1)
  const records = Array.from({ length: COUNT }, (_, i) => ({ id: `r${i}`, text: `record ${i} of a large collection about subject ${i % 97}`, metadata: { group: i % 10 } }))
  return { collection, work: () => collection.upsert(records, { vectors }) }
}

/**
 * Milliseconds that the main thread has run. Wall time would count against us when other programs hold the cores, so
 * Linux is asked for the time of this thread alone (first number, nanoseconds); elsewhere wall time has to do.
 */
function ranMs(): number {
  return process.platform === 'linux' ? Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ', 1)[0]) / 1e6 : performance.now()
}

/** The longest time in ms between two chances of a 1 ms ticker, during some work. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let last = ranMs()
  let longest = 0
  const ticker = setInterval(() => {
    const now = ranMs()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  await work()
  clearInterval(ticker)
  return Math.max(longest, ranMs() - last)
}

/** A pause of the collector or a page fault is no property of the call: the best of a few tries counts. */
async function bestOf(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity
  for (let i = 0; i < TRIES && best > LIMIT_MS; i += 1) best = Math.min(best, await longestBlock(work))
  return best
}

test.serial('no call blocks the event loop', async (t) => {
  const db = await database(t)
  const { collection, work } = await large(db)
  const query = Float32Array.from({ length: DIM }, (_, i) => Math.cos(i))
  const calls: Record<string, () => Promise<unknown>> = {
    upsert: work,
    search: () => collection.search({ text: 'subject 5', vector: query, limit: 10, highlight: true }),
    'search filtered': () => collection.search({ text: 'record', limit: 50, filter: { group: 3 } }),
    batch: () => collection.searchBatch(Float32Array.from({ length: DIM * 64 }, (_, i) => Math.cos(i)), { limit: 10 }),
    list: () => collection.list({ limit: 100 }),
    rebuild: () => collection.rebuild(),
    stats: () => db.stats(),
  }
  for (const [name, call] of Object.entries(calls)) {
    const blocked = await bestOf(call)
    t.log(`${name}: ${blocked.toFixed(2)} ms`)
    t.true(blocked <= LIMIT_MS, `${name} blocked the event loop for ${blocked.toFixed(1)} ms`)
  }
})

test.serial('a signal that is aborted already ends a call before it starts', async (t) => {
  const notes = await (await database(t)).create('notes', { model: null })
  const reason = new Error('not wanted')
  const signal = AbortSignal.abort(reason)
  t.is(await t.throwsAsync(() => notes.search('a', { signal })), reason)
  t.is(await t.throwsAsync(() => notes.add({ text: 'a' }, { signal })), reason)
})

test.serial('a signal that aborts while an import runs stops it, and what was committed stays', async (t) => {
  const dir = await folder(t)
  const source = path.join(dir, 'many.jsonl')
  const lines = Array.from({ length: 100_000 }, (_, i) => JSON.stringify({ id: `n${i}`, text: `note number ${i} with some words to index` }))
  await writeFile(source, lines.join('\n'))
  const notes = await (await database(t)).create('notes')
  const controller = new AbortController()
  const started = performance.now()
  let aborted = 0
  const error = await t.throwsAsync(
    () =>
      notes.import(source, {
        signal: controller.signal,
        onProgress: (done) => {
          if (done === 0 || aborted !== 0) return
          aborted = performance.now()
          controller.abort()
        },
      }),
    { any: true },
  )
  t.is((error as Error | undefined)?.name, 'AbortError')
  t.log(`stopped ${(performance.now() - aborted).toFixed(0)} ms after the signal, ${(aborted - started).toFixed(0)} ms after the start`)
  t.true(performance.now() - aborted < 1_500)
  const { count } = await notes.info()
  t.true(count > 0 && count < 100_000, `${count} records were committed`)
  const resumed = await notes.import(source)
  t.true(resumed.resumed)
  t.is((await notes.info()).count, 100_000)
})

test.serial('a model is unloaded when it idles, and loaded again when it is needed', async (t) => {
  const db = await database(t, { modelIdleMs: 200 })
  const notes = await db.create('notes', { model: 'static-en' })
  await notes.add({ id: 'a', text: 'a piece of music' })
  await notes.search('song')
  const state = async (): Promise<string | undefined> => (await db.models()).find(({ name }) => name === 'static-en')?.state
  for (let i = 0; i < 50 && (await state()) !== 'unloaded'; i += 1) await new Promise((resolve) => setTimeout(resolve, 100))
  t.is(await state(), 'unloaded')
  t.is((await notes.search({ text: 'melody', mode: 'vector' })).hits[0]?.id, 'a')
  t.is(await state(), 'loaded')
})

test.serial('who does not want to wait is told that the model is loading', async (t) => {
  const dir = await folder(t)
  const first = await open(dir)
  await (await first.create('notes', { model: 'minilm-l6-v2' })).add({ id: 'a', text: 'music' })
  await first.close()
  const db = await open(dir)
  t.teardown(() => db.close())
  const error = await fails(t, 'MODEL_LOADING', async () => (await db.collection('notes')).search({ text: 'song', mode: 'vector', wait: false }))
  t.is(error?.kind, 'unavailable')
  t.is((await (await db.collection('notes')).search({ text: 'song', mode: 'vector', wait: true })).hits[0]?.id, 'a')
})

test.serial('without weights a search falls back to keywords and says so', async (t) => {
  const [dir, nothing] = [await folder(t), await folder(t)]
  const first = await open(dir)
  await (await first.create('notes')).add({ id: 'a', text: 'a song about rain' })
  await first.close()
  const db = await open(dir, { models: nothing })
  t.teardown(() => db.close())
  const notes = await db.collection('notes')
  const answer = await notes.search('rain')
  t.is(answer.hits[0]?.id, 'a')
  t.is(answer.mode, 'keyword')
  t.regex(answer.notes.join(), /keywords/)
  await notes.add({ id: 'b', text: 'a song about snow' })
  t.is((await notes.search('snow')).hits[0]?.id, 'b')
})

test.serial('a new collection without weights is made for keywords, with a warning', async (t) => {
  const db = await database(t, { models: await folder(t) })
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  const notes = await db.create('notes')
  t.regex((await warned).message, /static-en/)
  await notes.add({ id: 'a', text: 'a song about rain' })
  t.like(await notes.search('rain'), { mode: 'keyword' })
})
