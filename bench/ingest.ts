// canopy bench ingest: records through HTTP into the queue and from there into the folder; checks of a privacy budget.
//
//   canopy bench ingest [--json] [--seconds 5] [--records 100] [--connections 8] [--no-record]

import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { open, PrivacyBudget } from 'canopy-engine'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say } from './lib/result.js'
import { round } from './lib/time.js'

const CHECKS = 40_000

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, seconds: { type: 'string', default: '5' }, records: { type: 'string', default: '100' }, connections: { type: 'string', default: '8' } } })
  const options = { seconds: Number(values.seconds), records: Number(values.records), connections: Number(values.connections) }
  say('ingestion over HTTP')
  const ingest = await withFolder((folder) => ingestion(folder, options))
  say('checks of a privacy budget')
  const checksPerSecond = await withFolder(budgetChecks)
  finish(
    {
      bench: 'ingest',
      options,
      figures: { ingest, checksPerSecond },
      checks: [
        { name: 'records accepted over HTTP', value: ingest.acceptedPerSecond, unit: 'records/s', direction: 'at least', goal: 20_000 },
        { name: 'records accepted and stored', value: ingest.storedPerSecond, unit: 'records/s', direction: 'at least', goal: 20_000 },
        { name: 'accepting a request, P99', value: ingest.p99Ms, unit: 'ms', direction: 'at most', goal: 20 },
        { name: 'accepted records that are missing', value: ingest.missing, unit: '', direction: 'at most', must: 0 },
        { name: 'budget checks with their audit lines', value: checksPerSecond, unit: 'checks/s', direction: 'at least', goal: 20_000 },
      ],
      skipped: ['Neo4j: records go into collections'],
    },
    values,
  )
}

async function ingestion(folder: string, { seconds, records, connections }: { seconds: number; records: number; connections: number }) {
  const data = path.join(folder, 'data')
  const db = await open(data)
  await db.create('notes', { model: null })
  await db.close()
  const child = fork(fileURLToPath(new URL('lib/http/server.js', import.meta.url)), [data])
  const [url] = (await once(child, 'message')) as [string]
  const body = JSON.stringify(Array.from({ length: records }, (_, i) => ({ text: `a note about subject ${i}, such as many write in a day`, metadata: { lang: 'en', number: i } })))
  const began = performance.now()
  const load = await autocannon({ url: `${url}/v1/collections/notes/ingest`, method: 'POST', headers: { 'content-type': 'application/json' }, body, connections, duration: seconds })
  const sent = performance.now() - began
  const accepted = load['2xx'] * records
  for (;;) {
    const { depth } = (await (await fetch(`${url}/v1/ingest`)).json()) as { depth: number }
    if (depth === 0) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const all = performance.now() - began
  const { count } = (await (await fetch(`${url}/v1/collections/notes`)).json()) as { count: number }
  const ended = once(child, 'exit')
  child.send('stop')
  await ended
  // Requests that were under way at the end may have been accepted without being counted: more may be stored, not less.
  return { accepted, stored: count, missing: Math.max(0, accepted - count), acceptedPerSecond: round((accepted * 1000) / sent), storedPerSecond: round((count * 1000) / all), p50Ms: load.latency.p50, p99Ms: load.latency.p99, refused: load.non2xx }
}

async function budgetChecks(folder: string): Promise<number> {
  const budget = await PrivacyBudget.open({ dir: folder, tenants: { bench: { epsilon: 1e6 } } })
  let left = CHECKS
  const began = performance.now()
  const ask = async (): Promise<void> => {
    for (; left > 0; left -= 1) await budget.spend({ tenant: 'bench', epsilon: 0.01 }, async () => undefined)
  }
  await Promise.all(Array.from({ length: 1000 }, ask))
  const seconds = (performance.now() - began) / 1000
  await budget.close()
  return round(CHECKS / seconds)
}
