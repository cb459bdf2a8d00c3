import path from 'node:path'
import type { Document } from '../wordnet.js'
import { LIMIT, type Engine } from './engine.js'
import { peer } from './install.js'

interface Query {
  fullTextSearch(text: string, options: { columns: string[] }): Query
  nearestTo(vector: Float32Array): Query
  distanceType(name: string): Query
  rerank(reranker: unknown): Promise<Query> | Query
  select(columns: string[]): Query
  limit(count: number): Query
  toArray(): Promise<Array<{ id: string }>>
}

interface Table {
  add(rows: object[]): Promise<unknown>
  createIndex(column: string, options: object): Promise<void>
  query(): Query
}

interface Lance {
  connect(folder: string): Promise<{ createTable(name: string, rows: object[]): Promise<Table> }>
  Index: { fts(options?: object): unknown }
  rerankers: { RRFReranker: { create(): Promise<unknown> } }
}

// Rows a call: arrays of numbers take eight times the room of the vectors.
const ROWS = 5000
const COLUMNS = ['id', 'text', 'metadata']

/** LanceDB: full-text index, exact vector scan (its default IVF_PQ index finds 58 % of the neighbours), its own fusion by reciprocal ranks. */
export async function lanceDb(folder: string): Promise<Engine> {
  const lance = await peer<Lance>('@lancedb/lancedb')
  const connection = await lance.connect(path.join(folder, 'lance'))
  const reranker = await lance.rerankers.RRFReranker.create()
  let table: Table
  const ids = async (query: Query): Promise<string[]> => (await query.limit(LIMIT).toArray()).map(({ id }) => id)
  return {
    name: 'LanceDB',
    async build(documents, vectors, dim) {
      const rows = documents.map((document, i) => toRow(document, vectors.subarray(i * dim, (i + 1) * dim)))
      table = await connection.createTable('docs', rows.slice(0, ROWS))
      for (let start = ROWS; start < rows.length; start += ROWS) await table.add(rows.slice(start, start + ROWS))
      await table.createIndex('text', { config: lance.Index.fts({ stem: true, removeStopWords: false }) })
    },
    keyword: (text) => ids(table.query().fullTextSearch(text, { columns: ['text'] }).select(COLUMNS)),
    vector: (vector) => ids(table.query().nearestTo(vector).distanceType('cosine').select(COLUMNS)),
    hybrid: async (text, vector) => ids(await table.query().nearestTo(vector).distanceType('cosine').fullTextSearch(text, { columns: ['text'] }).select(COLUMNS).rerank(reranker)),
    add: async (document, vector) => void (await table.add([toRow(document, vector)])),
    close: async () => {},
  }
}

function toRow({ id, text, metadata }: Document, vector: Float32Array): object {
  return { id, text, metadata: JSON.stringify(metadata), vector: [...vector] }
}
