import type { CallOptions } from './cancel.js'
import type { Json } from './json.js'

/** Free fields of a record; filters reach nested ones with dots. */
export type Metadata = { [key: string]: Json }

/** A record as it is given. Without `id` one is made up and returned. */
export interface RecordInput {
  id?: string | undefined
  /** May be absent only beside a vector. */
  text?: string | undefined
  metadata?: Metadata | undefined
  /** The caller's own embedding; without it the collection's model makes one. */
  vector?: Float32Array | readonly number[] | undefined
}

/** A record as it is stored. */
export interface StoredRecord {
  id: string
  text: string
  metadata: Metadata
  vector?: number[]
  createdMs: number
  updatedMs: number
}

/** `insert` refuses an id that exists, `update` one that doesn't. */
export type PutMode = 'insert' | 'upsert' | 'update'

/** What happened to one record. */
export interface PutOutcome {
  id: string
  outcome: 'inserted' | 'replaced' | 'deleted' | 'not_found'
  /** Whether the record can be found by its vector. */
  embedded?: boolean
}

/** How vectors are compared. */
export type Metric = 'cosine' | 'dot' | 'l2'

/** What a new collection is made of. */
export interface CollectionSpec {
  /** A model's name: `static-en` (the default), `minilm-l6-v2`, or one of `remoteModels`. `null` for keywords and own vectors only. */
  model?: string | null | undefined
  /** Numbers per vector where the caller brings them (`model: null`). */
  dim?: number | undefined
  metric?: Metric | undefined
}

/** Conditions on metadata; the keys of one object must all hold. See docs/search.md for every form. */
export type Filter = { [key: string]: Json }

/** A search. All fields are optional, but there must be a text or a vector. */
export interface SearchRequest {
  text?: string | undefined
  vector?: Float32Array | readonly number[] | undefined
  /** Default: `hybrid` where both legs can run. */
  mode?: 'hybrid' | 'keyword' | 'vector' | undefined
  limit?: number | undefined
  offset?: number | undefined
  filter?: Filter | undefined
  /** `adaptive` weighs the legs by the query; `rrf` is plain reciprocal rank fusion. */
  fusion?: 'adaptive' | 'rrf' | undefined
  weights?: { keyword?: number | undefined; vector?: number | undefined } | undefined
  rrfK?: number | undefined
  /** Hits that score lower are left out. */
  minScore?: number | undefined
  highlight?: boolean | { length?: number | undefined; fragments?: number | undefined } | undefined
  include?: Array<'text' | 'metadata' | 'vector' | 'scores'> | undefined
  /** `false`: fail with MODEL_LOADING instead of waiting while the model loads. */
  wait?: boolean | undefined
}

/** A piece of text with the places that matched, as offsets into the string and as escaped HTML with `<mark>`. */
export interface Highlight {
  text: string
  html: string
  spans: Array<[number, number]>
}

/** One result. */
export interface Hit {
  id: string
  score: number
  scores?: { keyword?: number; vector?: number }
  text?: string
  metadata?: Metadata
  vector?: number[]
  highlights?: Highlight[]
}

/** The answer to a search. */
export interface SearchAnswer {
  hits: Hit[]
  /** What really ran. */
  mode: 'hybrid' | 'keyword' | 'vector'
  /** Why the answer may be less than was asked for, for example that no weights were found. */
  notes: string[]
  /** The offset of the next page, or null at the end. */
  next: number | null
  tookMs: number
}

/** A page of records and where the next one starts. */
export interface RecordPage {
  records: StoredRecord[]
  next: string | null
}

/** What turns texts into vectors outside the core. */
export interface Embedder {
  /** Numbers per vector. */
  readonly dim: number
  /** Row-major, one row a text. */
  embed(texts: readonly string[], options?: CallOptions): Promise<Float32Array>
}
