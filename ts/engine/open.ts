import path from 'node:path'
import { binding } from './binding.js'
import { Database } from './database.js'
import { CanopyError, unwrap } from './error.js'
import { stringify } from './json.js'
import native from './native.cjs'
import type { Embedder } from './types.js'

/** When collections search their vectors by a graph, which finds nearly all of what a scan finds, much sooner. */
export interface IndexOptions {
  /** Fewer vectors than this, of the collection or of those that a filter leaves, are scanned exactly. Default: where a scan takes as long. */
  exactBelow?: number | undefined
  /** The share of the true results that a search by the graph should find, above 0; default 0.99. 1 scans always. */
  recall?: number | undefined
}

/** How a folder is opened. */
export interface OpenOptions {
  /** Open beside a process that writes; writing then fails with STORE_READ_ONLY. */
  readOnly?: boolean | undefined
  /** What an acknowledged write survives: the end of the process (default) or a power cut (each commit waits for the disk). */
  durability?: 'process' | 'power' | undefined
  /** Keep the copy of an older release's database after it was migrated; else it goes once that has succeeded. */
  keepBackup?: boolean | undefined
  /** The folder with the models' weights. Default: the one that comes with this package. */
  models?: string | undefined
  /** Unload a model that nobody used for so long. Default 10 minutes. */
  modelIdleMs?: number | undefined
  embeddingCacheBytes?: number | undefined
  embeddingCacheTtlMs?: number | undefined
  /** When collections search their vectors by a graph. */
  index?: IndexOptions | undefined
  /** Embedding services by the name that collections use for them; see `remoteEmbedder`. */
  remoteModels?: Readonly<Record<string, Embedder>> | undefined
}

const IDLE_MS = 10 * 60 * 1000

/** Opens a folder, making it where there is none. One process writes; others may open it with `readOnly`. */
export async function open(dir: string, { remoteModels = {}, ...options }: OpenOptions = {}): Promise<Database> {
  const { modelIdleMs = IDLE_MS, models = path.join(native.packageRoot(), 'models') } = options
  // path.resolve makes the current folder of an empty name, and a database would be put there.
  if (dir === '') throw new CanopyError('ARGUMENT', 'invalid_input', 'the folder has no name: send a path such as "./notes"')
  const folder = path.resolve(dir)
  const database = unwrap(await binding().BindingDatabase.open(folder, stringify({ ...options, models: [models], modelIdleMs })))
  return new Database(folder, database, new Map(Object.entries(remoteModels)), modelIdleMs)
}
