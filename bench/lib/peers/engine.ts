import type { Document } from '../wordnet.js'

/** A search engine in the bench: records in, the ids of the ten best out. Every engine returns ids and texts. */
export interface Engine {
  readonly name: string
  /** Stores and indexes everything. */
  build(documents: readonly Document[], vectors: Float32Array, dim: number): Promise<void>
  keyword(text: string): Promise<string[]>
  vector(vector: Float32Array): Promise<string[]>
  hybrid(text: string, vector: Float32Array): Promise<string[]>
  /** Stores one record, committed when it resolves. */
  add(document: Document, vector: Float32Array): Promise<void>
  close(): Promise<void>
}

/** Opens an engine in an empty folder. */
export type Opener = (folder: string) => Promise<Engine>

/** Hits of a search. */
export const LIMIT = 10
/** Candidates of each leg that a hybrid search fuses. */
export const DEPTH = 100

/** Reciprocal rank fusion of two rankings (Cormack, Clarke & Büttcher, SIGIR 2009). */
export function reciprocalRanks(legs: ReadonlyArray<readonly string[]>, k = 60): string[] {
  const scores = new Map<string, number>()
  for (const leg of legs) leg.forEach((id, rank) => scores.set(id, (scores.get(id) ?? 0) + 1 / (k + rank + 1)))
  return [...scores].toSorted(([, a], [, b]) => b - a).slice(0, LIMIT).map(([id]) => id)
}
