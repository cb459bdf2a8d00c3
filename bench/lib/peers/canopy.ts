import path from 'node:path'
import { open, type SearchAnswer } from 'canopy-engine'
import { LIMIT, type Engine } from './engine.js'

/** Us: the library as anyone uses it, awaited from Node. */
export async function canopy(folder: string): Promise<Engine> {
  const db = await open(path.join(folder, 'canopy'))
  const ids = ({ hits }: SearchAnswer): string[] => hits.map(({ id }) => id)
  const docs = async () => db.collection('docs')
  return {
    name: 'canopy',
    async build(documents, vectors, dim) {
      const collection = await db.create('docs', { dim })
      await collection.add(documents, { vectors })
      // Whatever is made at the first search belongs to the building.
      await collection.search({ text: 'first', vector: vectors.subarray(0, dim) })
    },
    keyword: async (text) => ids(await (await docs()).search({ text, mode: 'keyword', limit: LIMIT })),
    vector: async (vector) => ids(await (await docs()).search({ vector, mode: 'vector', limit: LIMIT })),
    hybrid: async (text, vector) => ids(await (await docs()).search({ text, vector, limit: LIMIT })),
    add: async (document, vector) => void (await (await docs()).add(document, { vectors: vector })),
    close: () => db.close(),
  }
}
