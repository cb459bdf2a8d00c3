import type { Command } from 'commander'
import { withProgress } from '../progress.js'
import { report } from '../output.js'
import { withDatabase } from '../session.js'

/** index rebuild, compact */
export function addCommands(root: Command): void {
  root
    .command('index')
    .description('maintain indexes')
    .command('rebuild <collection>')
    .description('embed what has no vector, or everything with another model')
    .option('--model <name>', 'embed every record with this model from now on')
    .action((name: string, { model }: { model?: string }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const collection = await db.collection(name)
        const done = await withProgress('rebuilding', 'records', (onProgress) => collection.rebuild({ model, signal, onProgress }))
        report(json, done, () => [`${done.records} records, ${done.embedded} embedded now${done.modelChanged ? ', by another model than before' : ''}`])
      }),
    )

  root
    .command('compact')
    .description('give the space of deleted records back to the disk')
    .action((_options: object, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        await db.compact()
        const { diskBytes } = await db.stats()
        report(json, { diskBytes }, () => [`the folder takes ${diskBytes} bytes`])
      }),
    )
}
