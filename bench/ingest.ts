// canopy bench ingest: records through HTTP into the queue and from there into the folder or into Neo4j; checks of a privacy budget.
//
//   canopy bench ingest [--json] [--target folder|neo4j] [--seconds 5] [--records 100] [--connections 8] [--rate 0] [--no-record]
//
// --rate: records a second at most; 0 sends as fast as they are accepted. --seconds 600 shows whether memory stays flat.

import { parseArgs } from 'node:util'
import { PrivacyBudget } from 'canopy-engine'
import { measureIngestion, type Ingested, type IngestionOptions } from './lib/ingest.js'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { service } from './lib/service.js'
import { round } from './lib/time.js'

const CHECKS = 40_000

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, target: text('folder'), seconds: text('5'), records: text('100'), connections: text('8'), rate: text('0') } })
  const options = { seconds: Number(values.seconds), records: Number(values.records), connections: Number(values.connections), rate: Number(values.rate) }
  if (values.target !== 'folder' && values.target !== 'neo4j') throw new TypeError(`there is no target "${values.target}" (folder, neo4j)`)
  const { figures, checks } = values.target === 'neo4j' ? await neo4j(options) : await folder(options)
  finish({ bench: values.target === 'neo4j' ? 'ingest-neo4j' : 'ingest', options: { target: values.target, ...options }, figures, checks, skipped: [] }, values)
}

interface Part {
  figures: Record<string, unknown>
  checks: Check[]
}

async function folder(options: IngestionOptions): Promise<Part> {
  say('ingestion over HTTP')
  const ingest = await withFolder((dir) => measureIngestion(dir, options))
  say('checks of a privacy budget')
  const checksPerSecond = await withFolder(budgetChecks)
  return { figures: { ingest, checksPerSecond }, checks: [...checksOf(ingest, 20_000), { name: 'budget checks with their audit lines', value: checksPerSecond, unit: 'checks/s', direction: 'at least', goal: 20_000 }] }
}

async function neo4j(options: IngestionOptions): Promise<Part> {
  say('ingestion over HTTP into Neo4j')
  const { url, stop } = await service('neo4j')
  try {
    const ingest = await withFolder((dir) => measureIngestion(dir, options, url))
    return { figures: { ingest }, checks: checksOf(ingest, 5_000) }
  } finally {
    await stop()
  }
}

function checksOf({ acceptedPerSecond, storedPerSecond, p99Ms, missing, memoryGrowth }: Ingested, goal: number): Check[] {
  return [
    { name: 'records accepted over HTTP', value: acceptedPerSecond, unit: 'records/s', direction: 'at least', goal },
    { name: 'records accepted and stored', value: storedPerSecond, unit: 'records/s', direction: 'at least', goal },
    { name: 'accepting a request, P99', value: p99Ms, unit: 'ms', direction: 'at most', goal: 20 },
    { name: 'accepted records that are missing', value: missing, unit: '', direction: 'at most', must: 0 },
    { name: 'memory of the server, last third against the middle one', value: memoryGrowth, unit: '×', direction: 'at most', goal: 1.1 },
  ]
}

async function budgetChecks(dir: string): Promise<number> {
  const budget = await PrivacyBudget.open({ dir, tenants: { bench: { epsilon: 1e6 } } })
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
