import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { round } from './time.js'

/** How records are sent. */
export interface IngestionOptions {
  seconds: number
  /** A request. */
  records: number
  connections: number
  /** Records a second at most; 0 means no limit. */
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

/** Records through HTTP into a server of its own, and from there into its folder or into a graph in Neo4j. */
export async function measureIngestion(folder: string, { seconds, records, connections, rate }: IngestionOptions, neo4j?: string): Promise<Ingested> {
  const child = fork(fileURLToPath(new URL('http/server.js', import.meta.url)), [path.join(folder, 'data'), JSON.stringify(neo4j === undefined ? {} : { 'graphs.url': neo4j })])
  const [url] = (await once(child, 'message')) as [string]
  const place = neo4j === undefined ? 'collections' : 'graphs'
  const name = `bench-${process.pid}`
  const one = `${url}/v1/${place}/${name}`
  await post(`${url}/v1/${place}`, neo4j === undefined ? { name, model: null } : { name })
  const memory: number[] = []
  const sampling = new AbortController()
  const sampler = (async () => {
    for (; !sampling.signal.aborted; await sleep(SAMPLE_MS)) memory.push(await residentBytes(url))
  })()
  try {
    const began = performance.now()
    const load = await autocannon({ url: `${one}/ingest`, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(neo4j === undefined ? notes(records) : items(records)), connections, duration: seconds, ...(rate === 0 ? {} : { overallRate: Math.ceil(rate / records) }) })
    const sent = performance.now() - began
    sampling.abort()
    await sampler
    const accepted = load['2xx'] * records
    while (((await (await fetch(`${url}/v1/ingest`)).json()) as { depth: number }).depth > 0) await sleep(20)
    const all = performance.now() - began
    const found = await stored(one, neo4j !== undefined, records)
    const third = Math.floor(memory.length / 3)
    const [middle, last] = [mean(memory.slice(third, 2 * third)), mean(memory.slice(-third))]
    return {
      accepted,
      stored: found,
      // Requests that were under way at the end may have been accepted without being counted: more may be stored, not less.
      missing: Math.max(0, accepted - found),
      acceptedPerSecond: round((accepted * 1000) / sent),
      storedPerSecond: round((found * 1000) / all),
      p50Ms: load.latency.p50,
      p99Ms: load.latency.p99,
      refused: load.non2xx,
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

async function residentBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^canopy_resident_bytes (.*)$/m.exec(text)?.[1] ?? Number.NaN)
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
