import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { open, type Collection, type Database } from 'canopy-engine'
import { watched } from '../loop.js'
import { withFolder } from '../paths.js'
import { fastest, round } from '../time.js'
import type { Data } from './data.js'
import type { Findings } from './findings.js'

const RUNS = 2
const MODEL = 'static-en'

/** A JSONL file with texts and metadata into a collection with the static model: read, embedded, committed, indexed. */
export async function measureImport({ documents }: Data): Promise<Findings> {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'texts.jsonl')
    await writeFile(file, documents.map((document) => JSON.stringify(document)).join('\n'))
    let run = 0
    const prepare = async (): Promise<{ db: Database; collection: Collection }> => {
      run += 1
      const db = await open(path.join(folder, String(run)))
      // The model is loaded before, as in a program that has answered once.
      await db.embed(MODEL, ['warm'])
      return { db, collection: await db.create('docs', { model: MODEL }) }
    }
    const seconds = await fastest(RUNS, prepare, ({ collection }) => collection.import(file), ({ db }) => db.close())
    const last = await prepare()
    const blocked = await watched(() => last.collection.import(file))
    await last.db.close()
    return {
      figures: { records: documents.length, model: MODEL, seconds, perSecond: round(documents.length / seconds), loop: blocked },
      checks: [
        { name: `importing ${documents.length} texts with the static model`, value: documents.length / seconds, unit: 'documents/s', direction: 'at least', goal: 5000 },
        { name: 'event loop blocked while importing, longest', value: blocked.blockedMs, unit: 'ms', direction: 'at most', goal: 5 },
      ],
    }
  })
}
