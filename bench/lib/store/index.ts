import path from 'node:path'
import { open, type Collection, type Database } from 'canopy-engine'
import { watched } from '../loop.js'
import { withFolder } from '../paths.js'
import { fastest, milliseconds, round } from '../time.js'
import type { Data } from './data.js'
import type { Findings } from '../../store.js'

const RECORDS = 50_000
const RUNS = 3

/** Storing and indexing vectors in bulk, with and without their texts, and coming back after a restart. */
export async function measureIndex(data: Data): Promise<Findings> {
  const documents = data.documents.slice(0, RECORDS)
  const vectors = data.vectors.subarray(0, documents.length * data.dim)
  const bare = documents.map(({ id }) => ({ id }))
  return withFolder(async (folder) => {
    let run = 0
    const prepare = async (): Promise<Prepared> => {
      run += 1
      const db = await open(path.join(folder, String(run)))
      return { db, collection: await db.create('docs', { dim: data.dim }) }
    }
    const searchable = ({ collection }: Prepared) => collection.search({ vector: vectors.subarray(0, data.dim), mode: 'vector', limit: 1 })
    const index = (records: readonly { id: string }[]) => fastest(RUNS, prepare, async (prepared) => {
      await prepared.collection.add(records, { vectors })
      await searchable(prepared)
    }, ({ db }) => db.close())
    const vectorsOnly = await index(bare)
    const withTexts = await index(documents)
    const last = await prepare()
    const blocked = await watched(() => last.collection.add(documents, { vectors }))
    await last.db.close()
    const reopened = await open(path.join(folder, String(run)))
    const collection = await reopened.collection('docs')
    const firstSearch = await milliseconds(() => collection.search({ text: 'the first search', vector: vectors.subarray(0, data.dim) }))
    await reopened.close()
    return {
      figures: { records: documents.length, vectorsOnlySeconds: vectorsOnly, withTextsSeconds: withTexts, firstSearchAfterOpenMs: round(firstSearch), loop: blocked },
      checks: [
        { name: `indexing ${documents.length} vectors, committed and searchable`, value: vectorsOnly, unit: 's', direction: 'at most', goal: 0.5, must: 2 },
        { name: 'event loop blocked while indexing, longest', value: blocked.blockedMs, unit: 'ms', direction: 'at most', goal: 5 },
      ],
    }
  })
}

interface Prepared {
  db: Database
  collection: Collection
}
