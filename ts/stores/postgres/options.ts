import type { OpenOptions } from '../../engine/open.js'

/** How a database in PostgreSQL is opened. The options of models are those of a folder. */
export interface PostgresOptions extends Pick<OpenOptions, 'readOnly' | 'models' | 'modelIdleMs' | 'embeddingCacheBytes' | 'embeddingCacheTtlMs' | 'remoteModels'> {
  /** The schema that holds our tables. Default: `?schema=` of the address, or `canopy`. */
  schema?: string | undefined
  /** Connections at most. Default 10. */
  pool?: number | undefined
  /** How long one statement may take. Default 30 s; loading and indexing have no limit. */
  statementTimeoutMs?: number | undefined
  /** How long to wait for a connection. Default 5 s. */
  connectTimeoutMs?: number | undefined
  /** How the vectors of new collections are stored: 4 or 2 bytes a number. Default `vector`. */
  storage?: 'vector' | 'halfvec' | undefined
  /** Which index `rebuild`, imports and copies make. Default `hnsw`. */
  index?: 'hnsw' | 'ivfflat' | 'none' | undefined
  /** Lists that a search in an ivfflat index looks into, of 100. Default 32. */
  probes?: number | undefined
  /** Candidates that a search in an hnsw index keeps. Default 100. */
  efSearch?: number | undefined
}

/** Options with the defaults filled in. */
export type Settings = { [K in 'readOnly' | 'schema' | 'pool' | 'statementTimeoutMs' | 'connectTimeoutMs' | 'storage' | 'index' | 'probes' | 'efSearch']-?: NonNullable<PostgresOptions[K]> }

/** The defaults, below what the address says, below what the caller says. */
export function settingsOf(address: URL, options: PostgresOptions): Settings {
  return {
    readOnly: options.readOnly ?? false,
    schema: options.schema ?? address.searchParams.get('schema') ?? 'canopy',
    pool: options.pool ?? 10,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    storage: options.storage ?? 'vector',
    index: options.index ?? 'hnsw',
    probes: options.probes ?? 32,
    efSearch: options.efSearch ?? 100,
  }
}
