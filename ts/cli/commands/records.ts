import type { Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import type { CollectionSpec, RecordInput } from '../../engine/types.js'
import { integer, jsonObject, textArgument, vector } from '../input.js'
import { report } from '../output.js'
import { withCollection, withDatabase } from '../session.js'

interface AddOptions {
  id?: string
  metadata?: Record<string, never>
  vector?: number[]
  model?: string
  replace?: boolean
}

/** add, get, list, remove */
export function addCommands(root: Command): void {
  root
    .command('add <collection> [text...]')
    .description('add a record; the collection is made if there is none; without text, standard input is read')
    .option('--id <id>', 'its id; made up when absent')
    .option('--metadata <json>', 'its fields, as a JSON object', jsonObject)
    .option('--vector <numbers>', 'its embedding, if you bring your own', vector)
    .option('--model <name>', 'the embedding model if the collection is made now')
    .option('--replace', 'replace the record if the id exists')
    .action(add)

  root
    .command('get <collection> <id>')
    .description('print a record')
    .option('--vector', 'with its vector')
    .action((name: string, id: string, options: { vector?: boolean }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json }) => {
        const record = await (await db.collection(name)).get(id, options)
        if (record === undefined) throw notFound(name, id)
        report(json, record, () => [record.text, `id ${record.id}  ${JSON.stringify(record.metadata)}`, ...(record.vector === undefined ? [] : [JSON.stringify(record.vector)])])
      }),
    )

  root
    .command('list <collection>')
    .description('list records')
    .option('--limit <n>', 'records a page', integer, 100)
    .option('--after <cursor>', 'where the page starts: `next` of the page before')
    .option('--filter <json>', 'conditions on metadata', jsonObject)
    .action((name: string, options: { limit: number; after?: string; filter?: Record<string, never> }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const page = await (await db.collection(name)).list({ ...options, signal })
        report(json, page, () => [...page.records.map(({ id, text }) => `${id}\t${text.replace(/\s+/g, ' ').slice(0, 100)}`), ...(page.next === null ? [] : [`more: --after ${page.next}`])])
      }),
    )

  root
    .command('remove <collection> <ids...>')
    .description('delete records')
    .action((name: string, ids: string[], _options: object, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        const outcomes = await (await db.collection(name)).remove(ids)
        report(json, outcomes, () => outcomes.map(({ id, outcome }) => `${outcome === 'deleted' ? 'deleted' : 'not found'} ${id}`))
        const missing = outcomes.find(({ outcome }) => outcome !== 'deleted')
        if (missing !== undefined && outcomes.length === 1) throw notFound(name, missing.id)
      }),
    )
}

async function add(name: string, words: string[], { model, replace = false, ...fields }: AddOptions, command: Command): Promise<void> {
  const text = words.length === 0 && fields.vector !== undefined ? undefined : await textArgument(words)
  await withDatabase(command, 'write', async ({ db, json, signal }) => {
    const spec: CollectionSpec = { model, ...(fields.vector === undefined || model !== undefined ? {} : { dim: fields.vector.length }) }
    const record: RecordInput = { id: fields.id, text, metadata: fields.metadata, vector: fields.vector }
    const outcomes = await withCollection(db, name, spec, (collection) => collection.put(record, replace ? 'upsert' : 'insert', { signal }))
    report(json, outcomes, () => outcomes.map(({ id, outcome }) => `${outcome} ${id}`))
  })
}

function notFound(name: string, id: string): CanopyError {
  return new CanopyError('RECORD_NOT_FOUND', 'not_found', `there is no record "${id}" in the collection "${name}"`)
}

