import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { open, type PostgresDatabase } from 'canopy-engine'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { copyBytes } from '#dist/stores/postgres/copy-format.js'
import type { Check } from '../result.js'
import { round } from '../time.js'
import { DIM } from './data.js'

/** Rows a second, each the best of its rounds. */
export interface Rates {
  /** Whole records through the product: id, text with its words indexed, metadata with theirs, vector. */
  records: number
  /** Records without a text to index, as embeddings of something else are: id, metadata, vector. */
  vectors: number
  /** A plain client's inserts of ids and vectors into a table without an index, one row a statement, prepared, in one transaction. */
  rowInserts: number
  /** The same, 500 rows a statement. */
  manyRowInserts: number
  /**
   * What this machine can do at most: one COPY of the vectors alone, in the binary form that the product uses, made before the clock runs, into a table without an
   * index that no log is written for. A row is 1,028 bytes, which the server reads from its socket, checks number by number and writes into its pages.
   */
  barest: number
}

/** Loads the same vectors through the product and by a plain client, in turns. */
export async function measureLoading(url: string, matrix: Float32Array, rounds: number): Promise<{ figures: Rates; checks: Check[] }> {
  const rows = matrix.length / DIM
  const best: Rates = { records: 0, vectors: 0, rowInserts: 0, manyRowInserts: 0, barest: 0 }
  for (let turn = 0; turn < rounds; turn += 1) {
    best.records = Math.max(best.records, await product(url, matrix, (i) => ({ id: `r${i}`, text: `record ${i} speaks of topic ${i % 977} and of place ${i % 53}`, metadata: { topic: i % 977 } })))
    best.vectors = Math.max(best.vectors, await product(url, matrix, (i) => ({ id: `r${i}` })))
    const few = matrix.subarray(0, Math.min(rows, 20_000) * DIM)
    best.rowInserts = Math.max(best.rowInserts, await plain(url, few, 1))
    best.manyRowInserts = Math.max(best.manyRowInserts, await plain(url, few, 500))
    best.barest = Math.max(best.barest, await barest(url, matrix))
  }
  const figures = { records: round(best.records), vectors: round(best.vectors), rowInserts: round(best.rowInserts), manyRowInserts: round(best.manyRowInserts), barest: round(best.barest) }
  return {
    figures,
    checks: [
      { name: 'COPY, ids and vectors', value: figures.vectors, unit: 'rows/s', direction: 'at least', goal: 60_000 },
      { name: 'COPY, ids and vectors, against what this machine can do at most', value: figures.vectors / figures.barest, unit: '×', direction: 'at least', must: 0.1 },
      { name: 'COPY against a plain client’s row inserts', value: figures.vectors / figures.rowInserts, unit: '×', direction: 'at least', goal: 3, must: 1 },
      { name: 'COPY, records with words and metadata indexed', value: figures.records, unit: 'rows/s', direction: 'at least', must: 1_000 },
    ],
  }
}

async function product(url: string, matrix: Float32Array, record: (i: number) => object): Promise<number> {
  const rows = matrix.length / DIM
  const db = await fresh(url)
  try {
    const collection = await db.create('load', { dim: DIM })
    const records = Array.from({ length: rows }, (_, i) => record(i))
    const started = performance.now()
    await collection.add(records, { vectors: matrix })
    return rows / ((performance.now() - started) / 1000)
  } finally {
    await db.drop('load')
    await db.close()
  }
}

async function plain(url: string, matrix: Float32Array, perStatement: number): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`create temp table plain (id int, embedding vector(${DIM}))`)
    const rows = matrix.length / DIM
    const places = Array.from({ length: perStatement }, (_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(', ')
    const started = performance.now()
    await client.query('begin')
    for (let row = 0; row < rows; row += perStatement) {
      const values: unknown[] = []
      for (let i = row; i < row + perStatement; i += 1) values.push(i, `[${matrix.subarray(i * DIM, (i + 1) * DIM).join(',')}]`)
      await client.query({ name: `insert ${perStatement}`, text: `insert into plain values ${places}`, values })
    }
    await client.query('commit')
    return rows / ((performance.now() - started) / 1000)
  } finally {
    await client.end()
  }
}

async function barest(url: string, matrix: Float32Array): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`create temp table barest (embedding vector(${DIM}))`)
    const rows = matrix.length / DIM
    const vectors = Array.from({ length: rows }, (_, i) => matrix.subarray(i * DIM, (i + 1) * DIM))
    const pieces = [...copyBytes(vectors, (out, vector) => {
      out.row(1)
      out.vector(vector, 'vector')
    })]
    const started = performance.now()
    await pipeline(Readable.from(pieces), client.query(copyFrom('copy barest from stdin (format binary)')))
    return rows / ((performance.now() - started) / 1000)
  } finally {
    await client.end()
  }
}

/** The product over a schema of the bench. */
export async function fresh(url: string, options: { index?: 'hnsw' | 'ivfflat'; efSearch?: number; probes?: number } = {}): Promise<PostgresDatabase> {
  return open(url as `postgres://${string}`, { schema: 'canopy_bench', statementTimeoutMs: 600_000, ...options })
}

