// canopy bench pgvector: searching and loading in PostgreSQL with pgvector, with a plain client beside us in the same run.
//
//   canopy bench pgvector [--json] [-n 100000] [--heavy] [--rounds 3] [--parts load,search] [--no-record]
//
// The server is the one that CANOPY_TEST_POSTGRES names, one that `npm run services` brought up, or one that is brought up for the bench.
// --heavy: a million rows. That needs 8 GiB of memory, and about an hour for the indexes on two cores.

import { parseArgs } from 'node:util'
import { clustered } from './lib/pgvector/data.js'
import { measureLoading } from './lib/pgvector/load.js'
import { measureSearching } from './lib/pgvector/search.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { service } from './lib/service.js'

const PARTS = { load: measureLoading, search: measureSearching }

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: { ...COMMON_OPTIONS, rows: { type: 'string', short: 'n' }, heavy: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' }, parts: { type: 'string', default: Object.keys(PARTS).join(',') } },
  })
  const [rows, rounds] = [Number(values.rows ?? (values.heavy ? 1_000_000 : 100_000)), Number(values.rounds)]
  say(`making ${rows} vectors`)
  const matrix = clustered(rows, 1)
  const { url, stop } = await service('postgres')
  const figures: Record<string, unknown> = {}
  const checks: Check[] = []
  try {
    for (const name of values.parts.split(',')) {
      if (!(name in PARTS)) throw new TypeError(`there is no part "${name}" (${Object.keys(PARTS).join(', ')})`)
      say(`${name}:`)
      const found = await PARTS[name as keyof typeof PARTS](url, matrix, rounds)
      figures[name] = found.figures
      checks.push(...found.checks)
    }
  } finally {
    await stop()
  }
  finish({ bench: 'pgvector', variant: String(rows), options: { rows, rounds, parts: values.parts }, figures, checks, skipped: [] }, values)
}
