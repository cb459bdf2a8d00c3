import type { Collection } from '../engine/collection.js'
import type { GraphStore } from '../graphs/store.js'
import type { Database } from '../engine/database.js'
import type { CollectionSpec } from '../engine/types.js'

/** A collection, wherever its records are: the public methods of `Collection`. */
export type AnyCollection = Pick<Collection, keyof Collection>

/** What servers and commands work with, wherever the records are: the public methods of `Database`. */
export interface AnyDatabase extends Omit<Database, 'create' | 'collection' | 'ensure' | 'graphs'> {
  create(name: string, spec?: CollectionSpec): Promise<AnyCollection>
  collection(name: string): Promise<AnyCollection>
  ensure(name: string, spec?: CollectionSpec): Promise<AnyCollection>
  /** Only where there is a folder: the graphs that are kept in it. */
  graphs?(): GraphStore
  /** Only where records are in a server: calls a function after every search with the milliseconds it took there. */
  onQuery?(listener: (ms: number) => void): () => void
}
