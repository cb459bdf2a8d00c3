import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Command } from 'commander'
import { openConfigured, withoutSecrets } from '../../server/database.js'
import { copyDatabase } from '../../stores/copy.js'
import { report } from '../output.js'
import { withProgress } from '../progress.js'
import { configuration, globals } from '../session.js'

interface Options {
  collection?: string[]
  state?: string
  verify: boolean
}

/** copy */
export function addCommands(root: Command): void {
  root
    .command('copy <from> <to>')
    .description('copy collections between a folder and PostgreSQL, either way: embedded://folder or postgres://…; goes on where it was interrupted, and compares both sides at the end')
    .option('--collection <names...>', 'only these collections')
    .option('--state <file>', 'where it is remembered how far the copy came; default .canopy/copy-….json here')
    .option('--no-verify', 'don’t read everything again to compare')
    .action(async (from: string, to: string, { collection, state = stateFile(from, to), verify }: Options, command: Command) => {
      const { config } = configuration(command)
      const interrupted = new AbortController()
      process.once('SIGINT', () => interrupted.abort())
      const source = await openConfigured(config, { location: from, readOnly: true })
      try {
        const target = await openConfigured(config, { location: to, readOnly: false })
        try {
          const reports = await withProgress('copying', 'records', (onProgress) => copyDatabase(source, target, { collections: collection, state, verify, signal: interrupted.signal, onProgress }))
          report(globals(command).json, reports, () => reports.map(({ collection: name, records, resumed, digest }) => `${name}: ${records} records copied from ${withoutSecrets(from)} to ${withoutSecrets(to)}${resumed === 0 ? '' : ` (${resumed} by an earlier run)`}${digest === null ? '' : `, both sides the same (${digest.slice(0, 16)})`}`))
        } finally {
          await target.close()
        }
      } finally {
        await source.close()
      }
    })
}

/** One file for each pair of places. */
function stateFile(from: string, to: string): string {
  return path.join('.canopy', `copy-${createHash('sha256').update(`${from}\n${to}`).digest('hex').slice(0, 16)}.json`)
}
