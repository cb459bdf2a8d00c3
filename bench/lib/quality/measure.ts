import path from 'node:path'
import { open, type Collection, type SearchRequest } from 'canopy-engine'
import { withFolder } from '../paths.js'
import { round } from '../time.js'
import { embedded } from '../vectors.js'
import { ndcg10, type TestSet } from './sets.js'

/** nDCG@10 of one collection with one model. */
export interface Scores {
  set: string
  model: string
  documents: number
  queries: number
  bm25: number
  vectors: number
  hybrid: number
  rrf: number
}

/** Indexes the set with the model's vectors and asks every query in all four ways. */
export async function measureSet(set: TestSet, model: string): Promise<Scores> {
  return withFolder(async (folder) => {
    await using db = await open(path.join(folder, 'db'))
    const collection = await db.create('docs', { model })
    const vectors = await embedded(db, model, `quality-${set.name}`, set.documents.map(({ text }) => text))
    await collection.add(set.documents, { vectors })
    const bm25 = await mean(collection, set, { mode: 'keyword' })
    const byMeaning = await mean(collection, set, { mode: 'vector' })
    const hybrid = await mean(collection, set, { mode: 'hybrid' })
    const rrf = await mean(collection, set, { mode: 'hybrid', fusion: 'rrf' })
    return { set: set.name, model, documents: set.documents.length, queries: set.queries.length, bm25, vectors: byMeaning, hybrid, rrf }
  })
}

async function mean(collection: Collection, { queries }: TestSet, how: SearchRequest): Promise<number> {
  let sum = 0
  for (const { text, relevant } of queries) {
    const { hits } = await collection.search({ ...how, text, limit: 10, include: [] })
    sum += ndcg10(hits.map(({ id }) => id), relevant)
  }
  return round(sum / queries.length)
}
