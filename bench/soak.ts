// canopy bench soak: a server under mixed work and faults for as long as it is given; does anything grow, slow down, leak or get lost?
//
//   canopy bench soak [--minutes 3] [--json] [--no-record] [--weights ggml-tiny.en.bin --recording FILE.wav]
//
// Linux only: memory, handles and threads are read from /proc. The first third is warm-up.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createClient, ok } from 'canopy-engine/client'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { fit, quantile, type Sample } from './lib/soak/fit.js'
import { Soaked } from './lib/soak/server.js'
import { goAway, lost, repeat, words, write, type Acknowledged, type Counts } from './lib/soak/work.js'
import { round } from './lib/time.js'

const MEGABYTE = 1e6
/** Small caches fill within the warm-up; no limit of the event loop, since other work on the machine isn't what is tested. */
const SETTINGS = { 'models.cacheBytes': 2 * 1024 * 1024, 'server.maxEventLoopDelayMs': 0, 'ingest.capacity': 100_000 }
const NODES = 200
const KILL_EVERY_MS = 15_000
const TRANSCRIBE_EVERY_MS = 10_000

interface Options {
  minutes: number
  weights: string | undefined
  recording: string | undefined
}

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, minutes: { type: 'string', default: '3' }, weights: { type: 'string' }, recording: { type: 'string' } } })
  const options: Options = { minutes: Number(values.minutes), weights: values.weights, recording: values.recording }
  const soaked = await withFolder((folder) => soak(folder, options))
  const speech = options.weights === undefined || options.recording === undefined
  finish({ bench: 'soak', options: { minutes: options.minutes, speech: !speech }, figures: soaked.figures, checks: soaked.checks, skipped: speech ? ['speech: no --weights and --recording'] : [] }, values)
}

async function soak(folder: string, { minutes, weights, recording }: Options) {
  const steady = new Soaked(path.join(folder, 'steady'), { ...SETTINGS, ...(weights === undefined ? {} : { 'speech.model': weights }) })
  const killed = new Soaked(path.join(folder, 'killed'), SETTINGS)
  await Promise.all([steady.start(), killed.start()])
  const client = createClient({ url: steady.url })
  for (const server of [steady, killed]) await ok(createClient({ url: server.url }).POST('/v1/collections', { body: { name: 'notes' } }))
  await makeGraph(steady.url)

  const counts: Counts = { requests: 0, cancelled: 0, failures: new Map() }
  const [mine, theirs]: [Acknowledged, Acknowledged] = [new Map(), new Map()]
  const latencies: Sample[] = []
  const samples: Array<{ at: number } & ReturnType<Soaked['state']>> = []
  const began = performance.now()
  const now = (): number => (performance.now() - began) / 1000
  const note = (ms: number): void => void latencies.push({ at: now(), value: ms })
  const nothing = (): void => undefined
  const over = AbortSignal.timeout(minutes * 60_000)
  const search = (text: string) => ok(client.POST('/v1/collections/{name}/search', { params: { path: { name: 'notes' } }, body: { text, limit: 10, filter: { parity: 1 }, highlight: true } }))
  let kills = 0

  const work = [
    ...[0, 1].map((lane) => repeat(counts, over, 'search', 10, note, (i) => search(words(i * 2 + lane, 4)))),
    repeat(counts, over, 'write', 40, nothing, (i) => write(client, 'direct', i, mine)),
    repeat(counts, over, 'ingest', 40, nothing, (i) => write(client, 'queued', i, mine)),
    repeat(counts, over, 'explain', 250, nothing, (i) => ok(client.GET('/explain/{node}', { params: { path: { node: `n${i % NODES}` }, query: { graph: 'ring', hops: 2 } } }))),
    repeat(counts, over, 'delete', 500, nothing, (i) => client.DELETE('/v1/collections/{name}/records/{id}', { params: { path: { name: 'notes', id: `gone-${i % 200}` } } })),
    repeat(counts, over, 'metrics', 1000, nothing, () => ok(client.GET('/metrics', { parseAs: 'text' }))),
    repeat(counts, over, 'go away', 60, nothing, (i) => goAway(steady, i, counts)),
    ...(recording === undefined || weights === undefined ? [] : [repeat(counts, over, 'transcribe', TRANSCRIBE_EVERY_MS, nothing, () => transcribe(steady.url, recording))]),
    beside(killed, theirs, over, counts, () => (kills += 1)),
    sample(over, () => samples.push({ at: now(), ...steady.state() })),
  ]
  say(`${minutes} minutes of searches, writes, explanations, clients that go away and a server that is killed`)
  await Promise.all(work)
  await killed.start()
  const missing = { steady: await lost(steady, mine), killed: await lost(killed, theirs) }
  await Promise.all([steady.stop(), killed.stop()])
  return judged({ samples, latencies, counts, missing, kills, acknowledged: { steady: mine.size, killed: theirs.size }, seconds: minutes * 60 })
}

/** A ring with chords, so that every node has something to explain. */
async function makeGraph(url: string): Promise<void> {
  const client = createClient({ url })
  await ok(client.POST('/v1/graphs', { body: { name: 'ring' } }))
  const edges = Array.from({ length: NODES }, (_, i) => [{ source: `n${i}`, target: `n${(i + 1) % NODES}` }, { source: `n${i}`, target: `n${(i * 7 + 3) % NODES}` }]).flat().filter(({ source, target }) => source !== target)
  await ok(client.POST('/v1/graphs/{name}/batch', { params: { path: { name: 'ring' } }, body: { edges } }))
}

async function transcribe(url: string, recording: string): Promise<void> {
  const form = new FormData()
  form.set('file', new Blob([await readFile(recording)]), path.basename(recording))
  const { response } = await createClient({ url, retries: 5 }).POST('/v1/audio/transcriptions', { body: form })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
}

/** Writes to a server that is killed again and again. What it acknowledged before must be there after. */
async function beside(server: Soaked, acknowledged: Acknowledged, over: AbortSignal, counts: Counts, onKill: () => void): Promise<void> {
  for (let round = 0; ; ) {
    const client = createClient({ url: server.url, retries: 0 })
    const end = performance.now() + KILL_EVERY_MS
    const dead = new AbortController()
    // Requests that the kill cuts off fail: they were never acknowledged.
    const write1 = async (kind: 'direct' | 'queued'): Promise<void> => {
      for (; !dead.signal.aborted && !over.aborted; round += 1) {
        await write(client, kind, round, acknowledged).catch(() => undefined)
        await sleep(20)
      }
    }
    const writers = [write1('direct'), write1('queued')]
    while (performance.now() < end && !over.aborted) await sleep(50)
    await server.kill()
    dead.abort()
    onKill()
    counts.requests += 1
    await Promise.all(writers)
    if (over.aborted) return
    await server.start()
  }
}

async function sample(over: AbortSignal, take: () => void): Promise<void> {
  while (!over.aborted) {
    take()
    await sleep(500)
  }
}

interface Seen {
  samples: ReadonlyArray<{ at: number; resident: number; handles: number; threads: number }>
  latencies: readonly Sample[]
  counts: Counts
  missing: { steady: number; killed: number }
  kills: number
  acknowledged: { steady: number; killed: number }
  seconds: number
}

function judged({ samples, latencies, counts, missing, kills, acknowledged, seconds }: Seen) {
  const warm = seconds / 3
  const [middle, end] = [(2 * seconds) / 3, Infinity]
  const within = <T extends { at: number }>(all: readonly T[], from: number, to: number): T[] => all.filter(({ at }) => at >= from && at < to)
  const measured = within(samples, warm, end)
  const memory = fit(measured.map(({ at, resident }) => ({ at, value: resident })))
  // What the line rises by within the time that was measured, as far as it is more than chance.
  const grown = Math.max(0, memory.slope - 2 * memory.error) * (seconds - warm)
  const most = (from: number, to: number, what: 'handles' | 'threads'): number => Math.max(0, ...within(samples, from, to).map((one) => one[what]))
  const p99 = (from: number, to: number): number => quantile(within(latencies, from, to).map(({ value }) => value), 0.99)
  const [first, second] = [p99(warm, middle), p99(middle, end)]
  const failures = [...counts.failures.values()].reduce((sum, count) => sum + count, 0)
  const checks: Check[] = [
    { name: 'resident memory, rise of the fitted line while measured', value: grown / MEGABYTE, unit: 'MB', direction: 'at most', goal: 5, must: Math.max(20, round((memory.mean / MEGABYTE) * 0.08)) },
    { name: 'open handles, last third over the one before', value: most(middle, end, 'handles') - most(warm, middle, 'handles'), unit: '', direction: 'at most', goal: 4, must: 16 },
    { name: 'threads, last third over the one before', value: most(middle, end, 'threads') - most(warm, middle, 'threads'), unit: '', direction: 'at most', goal: 0, must: 4 },
    { name: 'P99 of searches, last third over the one before', value: second / Math.max(first, 1), unit: '×', direction: 'at most', goal: 1.25, must: 2.5 },
    { name: 'acknowledged records that are lost', value: missing.steady, unit: '', direction: 'at most', must: 0 },
    { name: 'acknowledged records that are lost by a server that is killed', value: missing.killed, unit: '', direction: 'at most', must: 0 },
    { name: 'requests that failed', value: failures, unit: '', direction: 'at most', must: 0 },
  ]
  const figures = {
    requests: counts.requests,
    cancelled: counts.cancelled,
    kills,
    acknowledged,
    failures: Object.fromEntries(counts.failures),
    resident: { meanMB: round(memory.mean / MEGABYTE), slopeMBPerHour: round((memory.slope * 3600) / MEGABYTE), errorMBPerHour: round((memory.error * 3600) / MEGABYTE), curveMB: measured.filter((_, i) => i % Math.ceil(measured.length / 40) === 0).map(({ resident }) => round(resident / MEGABYTE)) },
    handles: most(warm, end, 'handles'),
    threads: most(warm, end, 'threads'),
    p99Ms: [round(first), round(second)],
  }
  return { checks, figures }
}
