import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, ok, type CanopyClient } from 'canopy-engine/client'
import type { Soaked } from './server.js'

/** Ids go round, so that a server that keeps everything still holds no more after an hour than after a minute. */
export const RING = 2_000
const BATCH = 20
const WORDS = 'tea water kettle morning garden river bridge winter letter music engine harbour lantern orchard copper glass thunder meadow'.split(' ')

/** Which version of each record was acknowledged last. */
export type Acknowledged = Map<string, number>

/** What a soak counts. */
export interface Counts {
  requests: number
  cancelled: number
  /** Answers of 500 and what else no client should see, by route and code. */
  failures: Map<string, number>
}

/** A text that differs with every number, of words that recur. */
export function words(seed: number, count = 12): string {
  return Array.from({ length: count }, (_, i) => WORDS[(seed * 31 + i * 7 + Math.imul(seed, i) + 1e6) % WORDS.length] ?? 'tea').join(' ')
}

/** One kind of work, over and over until it is told to stop; how long each took is noted. */
export async function repeat(counts: Counts, until: AbortSignal, name: string, pause: number, note: (ms: number) => void, work: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; !until.aborted; round += 1) {
    const began = performance.now()
    try {
      await work(round)
      note(performance.now() - began)
    } catch (error) {
      if (until.aborted) return
      const key = `${name}: ${error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)}`
      counts.failures.set(key, (counts.failures.get(key) ?? 0) + 1)
    }
    counts.requests += 1
    await sleep(pause)
  }
}

const notes = { params: { path: { name: 'notes' } } }

/** Writes the next records of the ring, at once or through the queue, and remembers what was acknowledged. */
export async function write(client: CanopyClient, kind: 'direct' | 'queued', round: number, acknowledged: Acknowledged): Promise<void> {
  const ids = Array.from({ length: BATCH }, (_, i) => `${kind}-${(round * BATCH + i) % RING}`)
  const body = ids.map((id, i) => ({ id, text: words(round * BATCH + i), metadata: { version: round, parity: round % 2 } }))
  if (kind === 'direct') await ok(client.POST('/v1/collections/{name}/records', { params: { ...notes.params, query: { mode: 'upsert' } }, body }))
  else await ok(client.POST('/v1/collections/{name}/ingest', { ...notes, body }))
  for (const id of ids) acknowledged.set(id, round)
}

/** How many acknowledged records are missing or older than what was acknowledged, once the queue is empty. */
export async function lost(server: Soaked, acknowledged: Acknowledged): Promise<number> {
  const client = createClient({ url: server.url })
  while ((await ok(client.GET('/v1/ingest'))).depth > 0) await sleep(50)
  const versions = new Map<string, unknown>()
  let after: string | undefined
  do {
    const page = await ok(client.GET('/v1/collections/{name}/records', { params: { ...notes.params, query: { limit: 1000, after } } }))
    for (const { id, metadata } of page.records) versions.set(id, metadata['version'])
    after = page.next ?? undefined
  } while (after !== undefined)
  return [...acknowledged].filter(([id, version]) => Number(versions.get(id) ?? -1) < version).length
}

/** Sends requests and goes away: before the answer, or in the middle of the body. */
export async function goAway(server: Soaked, round: number, counts: Counts): Promise<void> {
  const signal = AbortSignal.timeout(1 + (round % 12))
  const body = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ id: `gone-${(round * 200 + i) % RING}`, text: words(round + i) })))
  const path = round % 3 === 0 ? 'search' : round % 3 === 1 ? 'records?mode=upsert' : 'import'
  const sent = path === 'search' ? JSON.stringify({ text: words(round), limit: 100 }) : path === 'import' ? slowly(body, signal) : body
  const headers = { 'content-type': path === 'import' ? 'application/x-ndjson' : 'application/json' }
  await fetch(`${server.url}/v1/collections/notes/${path}`, { method: 'POST', headers, body: sent, signal, duplex: 'half' } as RequestInit).then(
    (response) => response.arrayBuffer(),
    () => (counts.cancelled += 1),
  ).catch(() => (counts.cancelled += 1))
}

/** Lines that end with `signal` only: a request that is given up before its body is read leaves nobody to stop them. */
function slowly(line: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await sleep(3)
      if (signal.aborted) controller.error(signal.reason)
      else controller.enqueue(Buffer.from(`${line.slice(1, 80)}\n`))
    },
  })
}
