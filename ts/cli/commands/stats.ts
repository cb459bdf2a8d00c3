import type { Command } from 'commander'
import { residentBytes } from '../../engine/binding.js'
import { bytes, report, table } from '../output.js'
import { withDatabase } from '../session.js'

/** stats, models */
export function addCommands(root: Command): void {
  root
    .command('stats')
    .description('counts and sizes')
    .option('--memory', 'load every collection first and show what it takes in memory')
    .action((options: { memory?: boolean }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        if (options.memory === true) await loadAll(db, signal)
        const stats = { ...(await db.stats()), ...(options.memory === true ? { residentBytes: residentBytes() } : {}) }
        report(json, stats, () => [
          `folder   ${stats.folder}${stats.readOnly ? ' (read-only view)' : ''}`,
          `on disk  ${bytes(stats.diskBytes)}`,
          ...(stats.residentBytes === undefined ? [] : [`resident ${bytes(stats.residentBytes)}, embedding cache ${bytes(stats.embeddingCacheBytes)}`]),
          ...table([
            ['collection', 'records', ...(options.memory === true ? ['keywords', 'vectors', 'metadata'] : [])],
            ...stats.collections.map((collection) => [collection.name, String(collection.count), ...(options.memory === true ? [bytes(collection.keywordBytes), bytes(collection.vectorBytes), bytes(collection.metadataBytes)] : [])]),
          ]),
        ])
      }),
    )

  root
    .command('models')
    .description('embedding models at hand')
    .action((_options: object, command: Command) =>
      withDatabase(command, 'read', async ({ db, json }) => {
        const models = await db.models()
        report(json, models, () => table([['name', 'size', 'state', 'file'], ...models.map(({ name, fileBytes, state, path }) => [name, bytes(fileBytes), state, path])]))
      }),
    )
}

/** A search for nothing in particular brings a collection's indexes into memory. */
async function loadAll(db: Parameters<Parameters<typeof withDatabase>[2]>[0]['db'], signal: AbortSignal): Promise<void> {
  for (const { name } of await db.collections()) await (await db.collection(name)).search({ text: 'a', limit: 1, mode: 'keyword' }, { signal })
}
