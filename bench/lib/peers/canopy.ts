import path from 'node:path'
import { open, type Collection, type SearchAnswer } from 'canopy-engine'
import { LIMIT, type Engine } from './engine.js'

/** Us: the library as anyone uses it, awaited from Node. */
export async function canopy(folder: string): Promise<Engine> {
  const db = await open(path.join(folder, 'canopy'))
  const ids = ({ hits }: SearchAnswer): string[] => hits.map(({ id }) => id)
  let docs: Collection | undefined
  // As a service does it: the handle is taken once.
  const held = (): Collection => {
    if (docs === undefined) throw new Error('build first')
    return docs
  }
  return {
    name: 'canopy',
    async build(documents, vectors, dim) {
      docs = await db.create('docs', { dim })
      await docs.add(documents, { vectors })
      // Whatever is made at the first search belongs to the building.
      await docs.search({ text: 'first', vector: vectors.subarray(0, dim) })
    },
    keyword: async (text) => ids(await held().search({ text, mode: 'keyword', limit: LIMIT })),
    vector: async (vector) => ids(await held().search({ vector, mode: 'vector', limit: LIMIT })),
    hybrid: async (text, vector) => ids(await held().search({ text, vector, limit: LIMIT })),
    add: async (document, vector) => void (await held().add(document, { vectors: vector })),
    close: () => db.close(),
  }
}
