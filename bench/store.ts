// canopy bench store: adding, indexing, importing, searching, memory and models, with other libraries beside us in the same run.
//
//   canopy bench store [--json] [--peers] [-n 1000,10000,50000] [--parts search,index,import,idle,model,scan]
//     [--vectors minilm|generated] [--rounds 5] [--safetensors FOLDER] [--no-record]

import { parseArgs } from 'node:util'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { installPeers } from './lib/peers/install.js'
import { loadData, type Data } from './lib/store/data.js'
import type { Findings, Settings } from './lib/store/findings.js'
import { measureIdle } from './lib/store/idle.js'
import { measureImport } from './lib/store/import.js'
import { measureIndex } from './lib/store/index.js'
import { measureModel } from './lib/store/model.js'
import { measureScan } from './lib/store/scan.js'
import { measureSearch } from './lib/store/search.js'

const PARTS: Record<string, (data: Data, settings: Settings) => Promise<Findings>> = {
  search: measureSearch,
  index: measureIndex,
  import: measureImport,
  idle: measureIdle,
  model: measureModel,
  scan: measureScan,
}

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      ...COMMON_OPTIONS,
      sizes: { type: 'string', short: 'n', default: '1000,10000,50000' },
      peers: { type: 'boolean', default: false },
      parts: { type: 'string', default: Object.keys(PARTS).join(',') },
      vectors: { type: 'string', default: 'minilm' },
      rounds: { type: 'string', default: '5' },
      safetensors: { type: 'string' },
    },
  })
  const sizes = values.sizes.split(',').map(Number)
  const settings: Settings = { sizes, peers: values.peers, rounds: Number(values.rounds), safetensors: values.safetensors }
  if (settings.peers) installPeers()
  const data = await loadData(Math.max(...sizes), values.vectors)
  const figures: Record<string, unknown> = { data: data.description }
  const checks: Check[] = []
  const skipped = settings.peers ? [] : ['peers: not asked for (--peers)']
  for (const name of values.parts.split(',')) {
    const part = PARTS[name]
    if (part === undefined) throw new TypeError(`there is no part "${name}" (${Object.keys(PARTS).join(', ')})`)
    say(`${name}:`)
    const found = await part(data, settings)
    figures[name] = found.figures
    checks.push(...found.checks)
    skipped.push(...(found.skipped ?? []))
  }
  finish({ bench: 'store', options: { ...settings, safetensors: settings.safetensors !== undefined, vectors: values.vectors, parts: values.parts }, figures, checks, skipped }, values)
}
