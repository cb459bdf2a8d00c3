import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { paced } from './http/paced.js'
import { round, timing } from './time.js'

/** How records are sent. */
export interface IngestionOptions {
  seconds: number
  /** A request. */
  records: number
  connections: number
  /** Records a second, evenly; 0 means as fast as they are accepted. */
  rate: number
}

/** What became of them. */
export interface Ingested {
  accepted: number
  stored: number
  missing: number
  acceptedPerSecond: number
  storedPerSecond: number
  p50Ms: number
  p99Ms: number
  refused: number
  /** Resident memory of the server while records were sent: the mean of the last third of the time over that of the middle one. */
  memoryGrowth: number
  memoryBytes: number
}

/** Of a request to a graph, so many are edges; the others are nodes. */
const EDGES = 5
const SAMPLE_MS = 250
const WARM_SECONDS = 3

/** Records through HTTP into a server of its own, and from there into its folder or into a graph in Neo4j. */
export async function measureIngestion(folder: string, { seconds, records, connections, rate }: IngestionOptions, neo4j?: string): Promise<Ingested> {
  const child = fork(fileURLToPath(new URL('http/server.js', import.meta.url)), [path.join(folder, 'data'), JSON.stringify(neo4j === undefined ? {} : { 'graphs.url': neo4j })])
  const [url] = (await once(child, 'message')) as [string]
  const place = neo4j === undefined ? 'collections' : 'graphs'
  const name = `bench-${process.pid}`
  const one = `${url}/v1/${place}/${name}`
  await post(`${url}/v1/${place}`, neo4j === undefined ? { name, model: null } : { name })
  const body = JSON.stringify(neo4j === undefined ? notes(records) : items(records))
  const pace = { connections, perSecond: rate / records }
  // What is promised for as long as it lasts isn't asked of a server's first moments.
  const warm = rate === 0 ? 0 : records * (await paced(`${one}/ingest`, body, { ...pace, seconds: WARM_SECONDS })).accepted
  const memory: number[] = []
  const sampling = new AbortController()
  const sampler = (async () => {
    for (; !sampling.signal.aborted; await sleep(SAMPLE_MS)) memory.push(await residentBytes(child))
  })()
  try {
    const began = performance.now()
    const load = await (rate === 0 ? flatOut(`${one}/ingest`, body, { connections, seconds }) : evenly(`${one}/ingest`, body, { ...pace, seconds }))
    const sent = performance.now() - began
    sampling.abort()
    await sampler
    const accepted = load.accepted * records
    while (((await (await fetch(`${url}/v1/ingest`)).json()) as { depth: number }).depth > 0) await sleep(20)
    const all = performance.now() - began
    const found = (await stored(one, neo4j !== undefined, records)) - warm
    const third = Math.floor(memory.length / 3)
    const [middle, last] = [mean(memory.slice(third, 2 * third)), mean(memory.slice(-third))]
    return {
      accepted,
      stored: found,
      // Requests that were under way at the end may have been accepted without being counted: more may be stored, not less.
      missing: Math.max(0, accepted - found),
      acceptedPerSecond: round((accepted * 1000) / sent),
      storedPerSecond: round((found * 1000) / all),
      p50Ms: load.p50Ms,
      p99Ms: load.p99Ms,
      refused: load.refused,
      memoryGrowth: round(last / middle),
      memoryBytes: Math.round(last),
    }
  } finally {
    sampling.abort()
    if (neo4j !== undefined) await fetch(one, { method: 'DELETE' }).catch(() => undefined)
    const ended = once(child, 'exit')
    child.send('stop')
    await ended
  }
}

const notes = (records: number): object[] => Array.from({ length: records }, (_, i) => ({ text: `a note about subject ${i}, such as many write in a day`, metadata: { lang: 'en', number: i } }))

/** Nodes without ids, which get one each; and a few edges, which are written again and again. */
function items(records: number): object[] {
  const edges = Math.min(EDGES, records - 1)
  return [
    ...Array.from({ length: edges }, (_, i) => ({ source: `hub ${i}`, target: `hub ${i + 1}`, weight: 1 + i })),
    ...Array.from({ length: records - edges }, (_, i) => ({ attributes: { text: `a note about subject ${i}, such as many write in a day`, number: i } })),
  ]
}

/** Records that are there. In a graph nodes are counted, and the edges of each request that left its nodes. */
async function stored(url: string, graph: boolean, records: number): Promise<number> {
  if (!graph) return ((await (await fetch(url)).json()) as { count: number }).count
  const { graphs } = (await (await fetch(url.slice(0, url.lastIndexOf('/')))).json()) as { graphs: Array<{ name: string; nodes: number; edges: number }> }
  const { nodes = 0, edges = 0 } = graphs.find(({ name }) => url.endsWith(`/${name}`)) ?? {}
  return edges === 0 ? 0 : Math.floor(((nodes - edges - 1) * records) / (records - edges))
}

/** Requests that were sent, and how long they took. */
interface Load {
  accepted: number
  refused: number
  p50Ms: number
  p99Ms: number
}

/** A new request on each connection as soon as the last was answered. */
async function flatOut(url: string, body: string, { connections, seconds }: { connections: number; seconds: number }): Promise<Load> {
  const { latency, non2xx, ...rest } = await autocannon({ url, method: 'POST', headers: { 'content-type': 'application/json' }, body, connections, duration: seconds })
  return { accepted: rest['2xx'], refused: non2xx, p50Ms: latency.p50, p99Ms: latency.p99 }
}

async function evenly(url: string, body: string, pace: Parameters<typeof paced>[2]): Promise<Load> {
  const { accepted, refused, latencies } = await paced(url, body, pace)
  const { p50, p99 } = timing(latencies)
  return { accepted, refused, p50Ms: p50, p99Ms: p99 }
}

/** By the server's own account, which no request stands in the way of. */
async function residentBytes(child: ChildProcess): Promise<number> {
  child.send('memory')
  const [{ memory }] = (await once(child, 'message')) as [{ memory: number }]
  return memory
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
