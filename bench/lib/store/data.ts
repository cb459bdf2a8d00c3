import { open } from 'canopy-engine'
import { withFolder } from '../paths.js'
import { say } from '../result.js'
import { embedded, generated } from '../vectors.js'
import { sentences, synsets, toDocument, type Document } from '../wordnet.js'

/** Records and queries that all parts share. */
export interface Data {
  documents: Document[]
  /** Row-major vectors of the documents. */
  vectors: Float32Array
  dim: number
  queries: string[]
  /** Row-major vectors of the queries. */
  queryVectors: Float32Array
  description: string
}

/** Queries at hand. */
const QUERIES = 400
const MODEL = 'minilm-l6-v2'

/** The first `count` documents, with MiniLM's vectors or, where it can't be had or wasn't asked for, generated ones. */
export async function loadData(count: number, kind: string): Promise<Data> {
  const all = synsets()
  const documents = all.slice(0, count).map(toDocument)
  // Always the same queries, whatever the size; never from the documents.
  const queries = sentences(all.slice(60_000), QUERIES)
  const texts = documents.map(({ text }) => text)
  const what = `${count} WordNet glosses (mean ${Math.round(texts.join('').length / count)} characters), ${queries.length} sentences as queries`
  if (kind === 'minilm') {
    const made = await withFolder(async (folder) => {
      await using db = await open(folder, { embeddingCacheBytes: 0 })
      if (!(await db.models()).some(({ name }) => name === MODEL)) return undefined
      say('embedding what is not in the cache')
      return { vectors: await embedded(db, MODEL, 'wordnet', texts), queryVectors: await embedded(db, MODEL, 'wordnet-queries', queries) }
    })
    if (made !== undefined) return { documents, queries, ...made, dim: made.queryVectors.length / queries.length, description: `${what}, vectors by ${MODEL}` }
  }
  const dim = 384
  return { documents, queries, vectors: generated(count, dim), queryVectors: generated(queries.length, dim, 2), dim, description: `${what}, generated vectors (200 clusters)` }
}
