import type { Command } from 'commander'
import type { CollectionInfo } from '../../engine/collection.js'
import type { Metric } from '../../engine/types.js'
import { integer } from '../input.js'
import { report, table } from '../output.js'
import { withDatabase } from '../session.js'

/** collections list|create|drop, models */
export function addCommands(root: Command): void {
  const group = root.command('collections').description('list, make and delete collections')
  group
    .command('list', { isDefault: true })
    .description('list collections')
    .action((_options: object, command: Command) =>
      withDatabase(command, 'read', async ({ db, json }) => {
        const collections = await db.collections()
        report(json, collections, () => (collections.length === 0 ? ['no collection yet: canopy add notes "some text"'] : table([['name', 'records', 'model', 'dim', 'metric'], ...collections.map(row)])))
      }),
    )
  group
    .command('create <name>')
    .description('make a collection')
    .option('--model <name>', 'embedding model: static-en (default), minilm-l6-v2, or a remote one; none for keywords only')
    .option('--dim <n>', 'numbers per vector, where you bring them', integer)
    .option('--metric <metric>', 'cosine, dot or l2')
    .action((name: string, { model, ...spec }: { model?: string; dim?: number; metric?: Metric }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        const collection = await db.create(name, { ...spec, ...(model === undefined ? {} : { model: model === 'none' ? null : model }) })
        const info = await collection.info()
        report(json, info, () => [`made ${name}: ${row(info).slice(2).join(', ')}`])
      }),
    )
  group
    .command('drop <name>')
    .description('delete a collection with its records')
    .action((name: string, _options: object, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        await db.drop(name)
        report(json, { dropped: name }, () => [`dropped ${name}`])
      }),
    )
}

function row({ name, count, vectors }: CollectionInfo): string[] {
  if (vectors === null) return [name, String(count), 'keywords only', '-', '-']
  return [name, String(count), vectors.model?.name ?? 'own vectors', String(vectors.dim), vectors.metric]
}
