// canopy bench ingest: records through HTTP into the queue and from there into the folder or into Neo4j; checks of a privacy budget.
//
//   canopy bench ingest [--json] [--target folder|neo4j] [--seconds 5] [--records 100] [--connections 8] [--rate 0] [--no-record]
//
// First as fast as they are accepted, then at the rate that is promised (20,000 a second, 5,000 into Neo4j), where accepting has its P99 and memory its
// growth. --rate: that rate. --seconds 600 shows whether memory stays flat for ten minutes.

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

/** Records a second that are promised. */
const FOLDER_RATE = 20_000
const NEO4J_RATE = 5_000

interface Found {
  flatOut: Ingested
  steady: Ingested
}

interface Part {
  figures: Record<string, unknown>
  checks: Check[]
}

async function folder(options: IngestionOptions): Promise<Part> {
  say('ingestion over HTTP')
  const found = await measure(options, FOLDER_RATE)
  say('checks of a privacy budget')
  const checksPerSecond = await withFolder(budgetChecks)
  return { figures: { ...found, checksPerSecond }, checks: [...checksOf(found, FOLDER_RATE), { name: 'budget checks with their audit lines', value: checksPerSecond, unit: 'checks/s', direction: 'at least', goal: 20_000 }] }
}

async function neo4j(options: IngestionOptions): Promise<Part> {
  say('ingestion over HTTP into Neo4j')
  const { url, stop } = await service('neo4j')
  try {
    const found = await measure(options, NEO4J_RATE, url)
    return { figures: { ...found }, checks: checksOf(found, NEO4J_RATE) }
  } finally {
    await stop()
  }
}

/** Short and flat out, then for as long as was asked at the promised rate. */
async function measure(options: IngestionOptions, promised: number, neo4j?: string): Promise<Found> {
  const flatOut = await withFolder((dir) => measureIngestion(dir, { ...options, seconds: Math.min(10, options.seconds), rate: 0 }, neo4j))
  const steady = await withFolder((dir) => measureIngestion(dir, { ...options, rate: options.rate === 0 ? promised : options.rate }, neo4j))
  return { flatOut, steady }
}

function checksOf({ flatOut, steady }: Found, goal: number): Check[] {
  return [
    { name: 'records accepted over HTTP, flat out', value: flatOut.acceptedPerSecond, unit: 'records/s', direction: 'at least', goal },
    { name: 'records accepted and stored, flat out', value: flatOut.storedPerSecond, unit: 'records/s', direction: 'at least', goal },
    { name: 'records accepted and stored at the promised rate', value: steady.storedPerSecond, unit: 'records/s', direction: 'at least', goal: 0.95 * goal },
    { name: 'accepting a request at the promised rate, P99', value: steady.p99Ms, unit: 'ms', direction: 'at most', goal: 20 },
    { name: 'accepted records that are missing', value: flatOut.missing + steady.missing, unit: '', direction: 'at most', must: 0 },
    { name: 'memory of the server at the promised rate, last third against the middle one', value: steady.memoryGrowth, unit: '×', direction: 'at most', goal: 1.1 },
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
