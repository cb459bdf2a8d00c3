// canopy bench http: the real server in a process of its own, 10,000 records × 384, asked over keep-alive connections.
//
//   canopy bench http [--json] [--connections 10] [--seconds 5] [--vectors minilm|generated] [--no-record]

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import autocannon, { type Request } from 'autocannon'
import { open } from 'canopy-engine'
import type { Blocking } from './lib/loop.js'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { round } from './lib/time.js'
import { row } from './lib/vectors.js'
import { loadData, type Data } from './lib/store/data.js'

const RECORDS = 10_000
const RUNS = 3

/** What one kind of request reached. */
interface Load {
  kind: string
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  requests: number
  failed: number
  loop: Blocking
}

interface Kind {
  kind: string
  bodies: object[]
  /** Requests a second. */
  goal?: { rate: number; p99Ms: number }
}

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: { ...COMMON_OPTIONS, connections: { type: 'string', default: '10' }, seconds: { type: 'string', default: '5' }, vectors: { type: 'string', default: 'minilm' } },
  })
  const options = { connections: Number(values.connections), seconds: Number(values.seconds), vectors: values.vectors, runs: RUNS }
  const data = await loadData(RECORDS, values.vectors)
  const loads = await withFolder(async (folder) => {
    await fill(path.join(folder, 'data'), data)
    const server = await Server.start(path.join(folder, 'data'))
    const measured: Array<Load & Pick<Kind, 'goal'>> = []
    for (const kind of kinds(data)) {
      say(kind.kind)
      measured.push({ ...(await bestOf(server, kind, options)), ...(kind.goal === undefined ? {} : { goal: kind.goal }) })
    }
    await server.stop()
    return measured
  })
  finish({ bench: 'http', options, figures: { data: data.description, loads }, checks: loads.flatMap(checks), skipped: [] }, values)
}

async function fill(folder: string, { documents, vectors, dim }: Data): Promise<void> {
  await using db = await open(folder)
  const known = (await db.models()).some(({ name }) => name === 'minilm-l6-v2')
  const collection = await db.create('docs', known ? { model: 'minilm-l6-v2' } : { dim })
  await collection.add(documents, { vectors })
}

/** Vectors are sent as clients send them: in JSON, with the digits that single precision has. */
function kinds({ queries, queryVectors, dim }: Data): Kind[] {
  const vectors = queries.map((_, i) => [...row(queryVectors, dim, i)].map((value) => Number(value.toPrecision(7))))
  return [
    { kind: 'vector', bodies: vectors.map((vector) => ({ vector, mode: 'vector', limit: 10 })), goal: { rate: 1500, p99Ms: 20 } },
    { kind: 'hybrid', bodies: queries.map((text, i) => ({ text, vector: vectors[i], limit: 10 })), goal: { rate: 300, p99Ms: 50 } },
    { kind: 'hybrid, the server embeds (queries repeat)', bodies: queries.map((text) => ({ text, limit: 10 })) },
    { kind: 'keyword', bodies: queries.map((text) => ({ text, mode: 'keyword', limit: 10 })) },
  ]
}

/** The run with the highest rate: other programs only ever slow one down. */
async function bestOf(server: Server, kind: Kind, options: { connections: number; seconds: number }): Promise<Load> {
  await server.load(kind, { ...options, seconds: 1 })
  let best: Load | undefined
  for (let run = 0; run < RUNS; run += 1) {
    const load = await server.load(kind, options)
    if (best === undefined || load.requestsPerSecond > best.requestsPerSecond) best = load
  }
  if (best === undefined) throw new Error('there must be a run')
  return best
}

function checks({ kind, goal, requestsPerSecond, p99Ms, failed, loop }: Load & Pick<Kind, 'goal'>): Check[] {
  const found: Check[] = [
    { name: `${kind}: failed requests`, value: failed, unit: '', direction: 'at most', must: 0 },
    { name: `${kind}: event loop blocked, longest`, value: loop.blockedMs, unit: 'ms', direction: 'at most', goal: 5 },
  ]
  if (goal === undefined) return found
  return [
    { name: `${kind} over HTTP`, value: requestsPerSecond, unit: 'requests/s', direction: 'at least', goal: goal.rate },
    { name: `${kind} over HTTP, P99`, value: p99Ms, unit: 'ms', direction: 'at most', goal: goal.p99Ms },
    ...found,
  ]
}

/** The server as a child process. */
class Server {
  readonly #child: ChildProcess
  readonly #url: string

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.#url = url
  }

  static async start(folder: string): Promise<Server> {
    const child = fork(fileURLToPath(new URL('lib/http/server.js', import.meta.url)), [folder])
    const [url] = (await once(child, 'message')) as [string]
    return new Server(child, url)
  }

  async load({ kind, bodies }: Kind, { connections, seconds }: { connections: number; seconds: number }): Promise<Load> {
    const requests: Request[] = bodies.map((body) => ({ method: 'POST', path: '/v1/collections/docs/search', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }))
    this.#child.send('reset')
    const { requests: rate, latency, non2xx, errors, timeouts } = await autocannon({ url: this.#url, connections, duration: seconds, requests })
    this.#child.send('read')
    const [loop] = (await once(this.#child, 'message')) as [Blocking]
    return { kind, requestsPerSecond: round(rate.average), p50Ms: latency.p50, p99Ms: latency.p99, requests: rate.total, failed: non2xx + errors + timeouts, loop }
  }

  async stop(): Promise<void> {
    this.#child.send('stop')
    await once(this.#child, 'exit')
  }
}
