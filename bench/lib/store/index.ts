import path from 'node:path'
import { open, type Collection, type Database } from 'canopy-engine'
import { watched } from '../loop.js'
import { withFolder } from '../paths.js'
import { milliseconds, round } from '../time.js'
import type { Data } from './data.js'
import type { Findings } from './findings.js'

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
    const index = async (records: readonly { id: string }[]): Promise<Indexing> => {
      let best: Indexing = { seconds: Number.POSITIVE_INFINITY, committing: 0, readingBack: 0 }
      for (let i = 0; i < RUNS; i += 1) {
        const prepared = await prepare()
        const committing = (await milliseconds(() => prepared.collection.add(records, { vectors }))) / 1000
        const readingBack = (await milliseconds(() => searchable(prepared))) / 1000
        await prepared.db.close()
        const seconds = committing + readingBack
        if (seconds < best.seconds) best = { seconds: round(seconds), committing: round(committing), readingBack: round(readingBack) }
      }
      return best
    }
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
      figures: { records: documents.length, vectorsOnly, withTexts, firstSearchAfterOpenMs: round(firstSearch), loop: blocked },
      checks: [
        { name: `indexing ${documents.length} vectors, committed and searchable`, value: vectorsOnly.seconds, unit: 's', direction: 'at most', goal: 0.5, must: 2 },
        { name: 'event loop blocked while indexing, longest', value: blocked.blockedMs, unit: 'ms', direction: 'at most', goal: 5 },
      ],
    }
  })
}

/** Seconds of the fastest run, and of its two parts. */
interface Indexing {
  seconds: number
  /** Into the store, transaction by transaction. */
  committing: number
  /** Out of the store into the index, at the first search. */
  readingBack: number
}

interface Prepared {
  db: Database
  collection: Collection
}
