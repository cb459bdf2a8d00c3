import { textArgument } from '../engine/arguments.js'
import type { Database } from '../engine/database.js'
import { open as openFolder, type OpenOptions } from '../engine/open.js'
import type { AnyDatabase } from './any.js'
import type { PostgresDatabase } from './postgres/database.js'
import type { PostgresOptions } from './postgres/options.js'

/** The address of a database in PostgreSQL. */
export type PostgresAddress = `postgres://${string}` | `postgresql://${string}`

/** Whether a location names a database in PostgreSQL rather than a folder. */
export const isPostgres = (location: string): location is PostgresAddress => /^postgres(ql)?:\/\//.test(location)

/**
 * Opens a database: a folder, made where there is none, or `postgres://user@host/database` for one that many servers share.
 *
 * A folder has one process that writes; others may open it with `readOnly`. `embedded://folder` is the same as `folder`.
 */
export function open(location: PostgresAddress, options?: PostgresOptions): Promise<PostgresDatabase>
export function open(location: string, options?: OpenOptions): Promise<Database>
// Which kind of options goes with which location is what the overloads say.
export async function open(location: string, options: OpenOptions | PostgresOptions = {}): Promise<AnyDatabase> {
  const place = textArgument('location', location)
  if (!isPostgres(place)) return openFolder(place.replace(/^embedded:\/\//, ''), options as OpenOptions)
  // The driver is loaded by who needs it: a process that opens a folder has neither its memory nor its time to pay.
  const { openPostgres } = await import('./postgres/database.js')
  return openPostgres(place, options as PostgresOptions)
}
