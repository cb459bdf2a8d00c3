import path from 'node:path'
import type { Document } from '../wordnet.js'
import { DEPTH, LIMIT, reciprocalRanks, type Engine } from './engine.js'
import { peer } from './install.js'

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): Array<{ rowid: number }>
  get(...values: unknown[]): { id: string; text: string; metadata: string }
}

interface Sqlite {
  exec(sql: string): void
  pragma(sql: string): void
  prepare(sql: string): Statement
  transaction(work: () => void): () => void
  close(): void
}

/** sqlite-vec (exact cosine scan) and FTS5 (BM25, Porter stemming, any of the words), fused by reciprocal ranks: what one builds by hand. */
export async function sqliteVec(folder: string): Promise<Engine> {
  const { default: Database } = await peer<{ default: new (file: string) => Sqlite }>('better-sqlite3')
  const { load } = await peer<{ load(db: Sqlite): void }>('sqlite-vec')
  const db = new Database(path.join(folder, 'peer.sqlite'))
  load(db)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = NORMAL')
  return engine(db)
}

function engine(db: Sqlite): Engine {
  let insert: (document: Document, vector: Float32Array) => void = () => {}
  let statements: Record<'words' | 'near' | 'record', Statement> | undefined
  const prepared = (): NonNullable<typeof statements> => (statements ??= prepare(db))
  const records = (rows: Array<{ rowid: number }>): string[] => rows.map(({ rowid }) => prepared().record.get(rowid).id)
  const words = (text: string, limit: number): Array<{ rowid: number }> => {
    const query = matchAny(text)
    return query === '' ? [] : prepared().words.all(query, limit)
  }
  const near = (vector: Float32Array, limit: number): Array<{ rowid: number }> => prepared().near.all(bytes(vector), limit)
  return {
    name: 'sqlite-vec + FTS5',
    async build(documents, vectors, dim) {
      insert = createTables(db, dim)
      db.transaction(() => documents.forEach((document, i) => insert(document, vectors.subarray(i * dim, (i + 1) * dim))))()
    },
    keyword: async (text) => records(words(text, LIMIT)),
    vector: async (vector) => records(near(vector, LIMIT)),
    hybrid: async (text, vector) => {
      const legs = [words(text, DEPTH), near(vector, DEPTH)].map((rows) => rows.map(({ rowid }) => String(rowid)))
      return records(reciprocalRanks(legs).map((rowid) => ({ rowid: Number(rowid) })))
    },
    add: async (document, vector) => db.transaction(() => insert(document, vector))(),
    close: async () => db.close(),
  }
}

function createTables(db: Sqlite, dim: number): (document: Document, vector: Float32Array) => void {
  db.exec(`
    CREATE TABLE records (rowid INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5(text, content = 'records', content_rowid = 'rowid', tokenize = 'porter unicode61');
    CREATE VIRTUAL TABLE near USING vec0(vector float[${dim}] distance_metric=cosine);`)
  const record = db.prepare('INSERT INTO records (rowid, id, text, metadata) VALUES (?, ?, ?, ?)')
  const word = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
  const vector = db.prepare('INSERT INTO near (rowid, vector) VALUES (?, ?)')
  let next = 1n
  return ({ id, text, metadata }, values) => {
    record.run(next, id, text, JSON.stringify(metadata))
    word.run(next, text)
    vector.run(next, bytes(values))
    next += 1n
  }
}

function prepare(db: Sqlite): Record<'words' | 'near' | 'record', Statement> {
  return {
    words: db.prepare('SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?'),
    near: db.prepare('SELECT rowid FROM near WHERE vector MATCH ? ORDER BY distance LIMIT ?'),
    record: db.prepare('SELECT id, text, metadata FROM records WHERE rowid = ?'),
  }
}

/** Any of the words, quoted: FTS5 reads bare text as a query language and fails on most sentences. */
function matchAny(text: string): string {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))].map((word) => `"${word}"`).join(' OR ')
}

function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}
