import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { LongCallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import type { Json } from '../engine/json.js'
import type { CollectionSpec, RecordInput, StoredRecord } from '../engine/types.js'
import type { AnyCollection, AnyDatabase } from './any.js'
import { half } from './half.js'
import { Multiset } from './multiset.js'

/** What to copy, and how. */
export interface CopyOptions extends LongCallOptions {
  /** Default: all. */
  collections?: readonly string[] | undefined
  /** A file that remembers how far the copy came: one that was interrupted goes on from there. Deleted when all is done. */
  state?: string | undefined
  /** Whether every record is read again on both sides and compared. Default `true`. */
  verify?: boolean | undefined
}

/** What was copied of one collection. */
export interface CopyReport {
  collection: string
  records: number
  /** Records that an earlier run had copied. */
  resumed: number
  /** SHA-256 over all records of both sides, or null where nothing was compared. */
  digest: string | null
}

const PAGE = 1_000

interface Position {
  collection: string
  after: string | null
  copied: number
}

/**
 * Copies collections with their vectors from one place to another, whichever they are. Records that are there already are
 * replaced; nothing is embedded again. When both sides don't hold the same at the end, COPY_MISMATCH names the collection.
 *
 * Writers should rest meanwhile: what they change behind the copy's back is what the comparison then finds.
 */
export async function copyDatabase(from: AnyDatabase, to: AnyDatabase, { collections, state, verify = true, signal, onProgress }: CopyOptions = {}): Promise<CopyReport[]> {
  const all = await from.collections()
  const names = collections ?? all.map(({ name }) => name)
  const total = all.filter(({ name }) => names.includes(name)).reduce((sum, { count }) => sum + count, 0)
  const reports: CopyReport[] = []
  const position = await readState(state)
  let done = 0
  for (const name of names) {
    // Collections in front of the one where it stopped are whole.
    const finished = position !== undefined && names.indexOf(position.collection) > names.indexOf(name)
    const source = await from.collection(name)
    const target = await to.ensure(name, await specOf(source))
    await checkSame(source, target)
    const began = position?.collection === name ? position : { collection: name, after: null, copied: 0 }
    const records = finished ? (await source.info()).count : await copyCollection(source, target, began, { state, signal, onProgress: (count) => onProgress?.(done + count, total) })
    done += records
    if (!finished) await target.rebuild({ signal })
    reports.push({ collection: name, records, resumed: finished ? records : began.copied, digest: verify ? await compare(source, target, signal) : null })
  }
  if (state !== undefined) await rm(state, { force: true })
  return reports
}

async function copyCollection(source: AnyCollection, target: AnyCollection, { after, copied }: Position, { state, signal, onProgress }: Pick<CopyOptions, 'state' | 'signal'> & { onProgress: (count: number) => void }): Promise<number> {
  let count = copied
  for (let next: string | undefined = after ?? undefined; ; ) {
    signal?.throwIfAborted()
    const page = await source.list({ after: next, limit: PAGE, vectors: true, signal })
    await target.upsert(page.records.map(input), { signal })
    count += page.records.length
    onProgress(count)
    // Behind the commit: what is remembered as copied is copied. A page that is copied twice is the same page.
    await writeState(state, { collection: source.name, after: page.next, copied: count })
    if (page.next === null) return count
    next = page.next
  }
}

const input = ({ id, text, metadata, vector }: StoredRecord): RecordInput => ({ id, text, metadata, ...(vector === undefined ? {} : { vector }) })

async function specOf(source: AnyCollection): Promise<CollectionSpec> {
  const { vectors } = await source.info()
  if (vectors === null) return { model: null }
  return { metric: vectors.metric, ...(vectors.model === null ? { model: null, dim: vectors.dim } : { model: vectors.model.name }) }
}

async function checkSame(source: AnyCollection, target: AnyCollection): Promise<void> {
  const [one, other] = [await source.info(), await target.info()]
  const kind = ({ vectors }: typeof one): string => JSON.stringify(vectors === null ? null : [vectors.dim, vectors.metric, vectors.model?.digest ?? null])
  if (kind(one) !== kind(other)) {
    throw new CanopyError('COPY_SPEC', 'conflict', `the collection ${JSON.stringify(source.name)} has other vectors there (dimension, metric, model: ${kind(other)}) than here (${kind(one)}): copy it into another database, or drop the one that is there`)
  }
}

async function compare(source: AnyCollection, target: AnyCollection, signal: AbortSignal | undefined): Promise<string> {
  const [one, other] = await Promise.all([digest(source, signal), digest(target, signal)])
  // A place that stores two bytes a number gives back what two bytes hold.
  const same = one.count === other.count && (one.exact === other.exact || ('halves' in target && target.halves === true && one.rounded === other.rounded) || ('halves' in source && source.halves === true && one.rounded === other.rounded))
  if (same) return other.exact
  throw new CanopyError('COPY_MISMATCH', 'conflict', `after the copy the collection ${JSON.stringify(source.name)} holds ${other.count} records there and ${one.count} here, and they are not the same: let writers rest, and copy again`)
}

/** A checksum of all records whatever their order, over ids, texts, metadata and vectors; `rounded` sees of the vectors what two bytes a number hold. */
export async function digest(collection: AnyCollection, signal?: AbortSignal): Promise<{ count: number; exact: string; rounded: string }> {
  const [exact, rounded] = [new Multiset(), new Multiset()]
  for await (const { id, text, metadata, vector = [] } of collection.records({ limit: PAGE, vectors: true, signal })) {
    const head = createHash('sha256').update(JSON.stringify([id, text, sorted(metadata)]))
    exact.add(head.copy().update(Float32Array.from(vector)))
    rounded.add(head.update(Uint16Array.from(vector, half)))
  }
  return { count: exact.contents.count, exact: exact.contents.checksum, rounded: rounded.contents.checksum }
}

/** The same object whatever the order of its keys. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, item]) => [key, sorted(item)])
}

async function readState(file: string | undefined): Promise<Position | undefined> {
  if (file === undefined) return undefined
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Position
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CanopyError('COPY_STATE', 'corrupt', `${file} doesn't say how far the copy came: delete it to begin anew`, { cause: error })
  }
}

async function writeState(file: string | undefined, position: Position): Promise<void> {
  if (file === undefined) return
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(`${file}.new`, JSON.stringify(position))
  await rename(`${file}.new`, file)
}
