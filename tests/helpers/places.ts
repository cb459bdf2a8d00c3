import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { open, type AnyDatabase, type OpenOptions, type PostgresDatabase, type PostgresOptions } from '../../ts/index.js'
import { endpoint, at } from './services.js'
import { folder } from './temp.js'

/** Opens an empty database that is gone after the test. */
export type Opener = (t: ExecutionContext, options?: Omit<OpenOptions, 'index'>) => Promise<AnyDatabase>

/** One test for every place that records can be in: the answers must be the same. */
export function conform(title: string, work: (t: ExecutionContext, database: Opener) => Promise<void>): void {
  test(`embedded: ${title}`, (t) => work(t, inFolder))
  if (endpoint('postgres') === undefined) test.skip(`[postgres] ${title}`, (t) => work(t, inPostgres))
  else test(`postgres: ${title}`, (t) => work(t, inPostgres))
}

const inFolder: Opener = async (t, options) => {
  const db = await open(await folder(t), options)
  t.teardown(() => db.close())
  return db
}

const inPostgres: Opener = async (t, options) => openPostgres(t, schemaUrl(t), options)

/** A database in PostgreSQL that is closed after the test. */
export async function openPostgres(t: ExecutionContext, url: string, options?: PostgresOptions): Promise<PostgresDatabase> {
  const db = await open(url as `postgres://${string}`, options)
  t.teardown(() => db.close())
  return db
}

/** An address with a schema of its own, which is dropped after the test. */
export function schemaUrl(t: ExecutionContext): string {
  const url = new URL(at('postgres'))
  const schema = `test_${randomUUID().slice(0, 8)}`
  url.searchParams.set('schema', schema)
  t.teardown(() => administer(`drop schema if exists ${schema} cascade`))
  return url.href
}

/** Statements of an administrator, outside our store. */
export async function administer(statement: string, url = at('postgres')): Promise<Array<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows as Array<Record<string, unknown>>
  } finally {
    await client.end()
  }
}
