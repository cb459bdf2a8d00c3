import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import copy from 'pg-copy-streams'
import { CanopyError } from '../../engine/error.js'
import type { PutMode, PutOutcome } from '../../engine/types.js'
import type { Transaction } from './connection.js'
import { copyBytes, type CopyWriter } from './copy-format.js'
import type { Draft } from './draft.js'
import { Overtaken, type Turn } from './turns.js'
import { hasVectors, tableOf, type Row } from './vectors.js'

/** What one record of a batch became. */
interface Written {
  inserted: boolean
  embedded: boolean
}

/** A draft and the key of its record. */
interface Keyed {
  key: number
  draft: Draft
}

/**
 * Stores drafts, all or none. New records and their vectors go by COPY straight to their tables; those that replace others by
 * COPY into a table of this session, and from there to theirs. The last of several drafts of one id is the one that stays.
 *
 * `unseen`: nobody looks whether the ids are free; where one isn't, the unique key ends the transaction.
 */
export async function writeDrafts(transaction: Transaction, row: Row, drafts: readonly Draft[], mode: PutMode, kept: ReadonlySet<string>, { unseen, turn }: { unseen: boolean; turn?: Turn | undefined }): Promise<PutOutcome[]> {
  const last = new Map(drafts.map((draft) => [draft.id, draft]))
  if (mode === 'insert' && last.size < drafts.length) throw exists(drafts.find(({ id }, i) => drafts.findIndex((other) => other.id === id) < i)?.id ?? '')
  const keys = unseen ? new Map<string, number>() : await known(transaction, row, [...last.keys()])
  const [taken] = keys.keys()
  if (mode === 'insert' && taken !== undefined) throw exists(taken)
  const free = mode === 'update' ? [...last.keys()].find((id) => !keys.has(id)) : undefined
  if (free !== undefined) throw missing(free)
  const fresh = [...last.values()].filter(({ id }) => !keys.has(id))
  const old = [...last.values()].flatMap((draft) => (keys.has(draft.id) ? [{ key: keys.get(draft.id) ?? 0, draft }] : []))
  await turn?.number()
  await insert(transaction, row, fresh, turn)
  const embedded = await replace(transaction, row, old)
  const written = new Map<string, Written>()
  for (const { id, vector } of fresh) written.set(id, { inserted: true, embedded: vector !== null })
  for (const { key, draft } of old) {
    if (kept.has(draft.id) && !embedded.has(key)) throw new Overtaken()
    written.set(draft.id, { inserted: false, embedded: embedded.has(key) })
  }
  for (const id of kept) if (written.get(id)?.inserted === true) throw new Overtaken()
  return outcomes(drafts, written)
}

/** Keys of the records that are there, locked in one order: two writers of the same ones wait instead of blocking each other. */
async function known({ rows }: Transaction, row: Row, ids: readonly string[]): Promise<Map<string, number>> {
  const found = await rows<{ key: string; id: string }>({ text: 'select key, id from records where collection = $1 and id = any($2) order by key for update', values: [row.id, ids] })
  return new Map(found.map(({ key, id }) => [id, Number(key)]))
}

/** COPY of new records. A unique key that another writer took meanwhile ends the transaction, and it is tried again. */
async function insert(transaction: Transaction, row: Row, drafts: readonly Draft[], turn: Turn | undefined): Promise<void> {
  if (drafts.length === 0) return
  const first = await takeKeys(transaction, drafts.length)
  turn?.numbered()
  const keyed = drafts.map((draft, i) => ({ key: first(i), draft }))
  const now = Date.now()
  await load(transaction, 'records (key, collection, id, text, raw_text, metadata, fields, created_ms, updated_ms)', keyed, (out, { key, draft }) => {
    out.row(9)
    out.int8(key)
    out.int4(row.id)
    out.text(draft.id)
    out.text(draft.text)
    out.text(draft.rawText)
    out.text(draft.metadata)
    out.jsonb(draft.fields)
    out.int8(now)
    out.int8(now)
  })
  const embedded = keyed.filter(({ draft }) => draft.vector !== null)
  if (!hasVectors(row) || embedded.length === 0) return
  await load(transaction, `${tableOf(row)} (collection, generation, key, version, embedding)`, embedded, (out, { key, draft }) => {
    out.row(5)
    out.int4(row.id)
    out.int4(row.generation)
    out.int8(key)
    out.int8(1)
    out.vector(draft.vector, row.storage)
  })
}

/** Numbers for so many new records. Unless another writer took some in between they are a run, of which only the ends are sent. */
async function takeKeys({ rows }: Transaction, count: number): Promise<(i: number) => number> {
  const [run] = await rows<{ first: string; last: string; all: string[] | null }>({
    name: 'keys',
    text: `with taken as materialized (select nextval(pg_get_serial_sequence('records', 'key')) as key from generate_series(1, $1))
      select min(key) as first, max(key) as last, case when max(key) - min(key) + 1 <> $1 then array_agg(key) end as all from taken`,
    values: [count],
  })
  const { all, first = '0' } = run ?? { all: null }
  const start = Number(first)
  return all === null ? (i) => start + i : (i) => Number(all[i])
}

/** New contents of records that are there. Answers the keys of those that have a vector now. */
async function replace(transaction: Transaction, row: Row, keyed: readonly Keyed[]): Promise<Set<number>> {
  if (keyed.length === 0) return new Set()
  const { rows } = transaction
  await rows('create temp table if not exists stage (key bigint primary key, text text, raw_text json, metadata json, fields jsonb, embedding vector) on commit delete rows')
  await load(transaction, 'stage', keyed, (out, { key, draft }) => {
    out.row(6)
    out.int8(key)
    out.text(draft.text)
    out.text(draft.rawText)
    out.text(draft.metadata)
    out.jsonb(draft.fields)
    out.vector(draft.vector, 'vector')
  })
  // A version is a text: vectors say which one they are of.
  await rows({
    text: `update records r set text = s.text, raw_text = s.raw_text, metadata = s.metadata, fields = s.fields, updated_ms = $1,
      version = r.version + (r.text <> s.text or r.raw_text::text is distinct from s.raw_text::text)::int from stage s where r.key = s.key`,
    values: [Date.now()],
  })
  if (!hasVectors(row)) return new Set()
  const table = tableOf(row)
  await rows(`insert into ${table} (collection, generation, key, version, embedding)
    select r.collection, ${row.generation}, r.key, r.version, s.embedding::${row.storage}(${row.dim}) from stage s join records r using (key) where s.embedding is not null
    on conflict (key, generation) do update set version = excluded.version, embedding = excluded.embedding`)
  const mine = `v.key = s.key and v.generation = ${row.generation} and r.key = s.key`
  await rows(`delete from ${table} v using stage s, records r where ${mine} and s.embedding is null and v.version < r.version`)
  const found = await rows<{ key: string }>(`select v.key from ${table} v, stage s, records r where ${mine} and v.version = r.version`)
  return new Set(found.map(({ key }) => Number(key)))
}

async function load<T>({ client }: Transaction, target: string, items: readonly T[], write: (out: CopyWriter, item: T) => void): Promise<void> {
  await pipeline(Readable.from(copyBytes(items, write)), client.query(copy.from(`copy ${target} from stdin (format binary)`)))
}

function outcomes(drafts: readonly Draft[], written: ReadonlyMap<string, Written>): PutOutcome[] {
  const seen = new Set<string>()
  return drafts.map(({ id }) => {
    const inserted = written.get(id)?.inserted === true && !seen.has(id)
    seen.add(id)
    return { id, outcome: inserted ? 'inserted' : 'replaced', embedded: written.get(id)?.embedded ?? false }
  })
}

function exists(id: string): CanopyError {
  return new CanopyError('RECORD_EXISTS', 'conflict', `a record with the id ${JSON.stringify(id)} exists already: use upsert to replace it, or choose another id`)
}

function missing(id: string): CanopyError {
  return new CanopyError('RECORD_NOT_FOUND', 'not_found', `no record has the id ${JSON.stringify(id)}: use upsert to create it, or check the id`)
}
