import type { Command } from 'commander'
import type { ImportOptions } from '../../engine/collection.js'
import { integer } from '../input.js'
import { withProgress } from '../progress.js'
import { report } from '../output.js'
import { withCollection, withDatabase } from '../session.js'

type Options = Omit<ImportOptions, 'onError' | 'signal' | 'onProgress'> & { model?: string; skipErrors?: boolean }

/** import */
export function addCommands(root: Command): void {
  root
    .command('import <collection> <path>')
    .description('import a JSONL or CSV file or a folder of Markdown and text files; goes on where it was interrupted')
    .option('--format <format>', 'jsonl, csv or folder; default by the name')
    .option('--text-field <name>', 'field or column with the text')
    .option('--id-field <name>', 'field or column with the id')
    .option('--skip-errors', 'count lines that can’t be read instead of stopping')
    .option('--no-resume', 'start from the beginning')
    .option('--max-line-bytes <n>', 'refuse longer lines', integer)
    .option('--model <name>', 'the embedding model if the collection is made now')
    .action((name: string, path: string, { model, skipErrors = false, ...options }: Options, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const { format, textField, idField, resume, maxLineBytes } = options
        const done = await withProgress('importing', 'bytes', (onProgress) =>
          withCollection(db, name, { model }, (collection) => collection.import(path, { format, textField, idField, resume, maxLineBytes, onError: skipErrors ? 'skip' : 'stop', signal, onProgress })),
        )
        report(json, done, () => [
          `${done.read} records read in ${done.seconds.toFixed(1)} s: ${done.inserted} new, ${done.replaced} replaced, ${done.skipped} skipped${done.resumed ? ' (went on from an interrupted import)' : ''}`,
          ...done.errors.map((error) => `skipped: ${error}`),
        ])
      }),
    )
}
