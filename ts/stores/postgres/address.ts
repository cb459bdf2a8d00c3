import { CanopyError } from '../../engine/error.js'
import type { Runner } from './connection.js'

const LEAST_SERVER = 130_000

/** The address of a database as a URL; STORE_ADDRESS where it is none. */
export function parseAddress(location: string): URL {
  try {
    return new URL(location)
  } catch {
    throw new CanopyError('STORE_ADDRESS', 'invalid_input', 'the address of the store is no URL: write postgres://user:password@host:5432/database')
  }
}

/** Refuses servers that lack what we use: POSTGRES_TOO_OLD. */
export async function checkServer(runner: Runner): Promise<void> {
  const [row] = await runner.rows<{ number: number; version: string }>("select current_setting('server_version_num')::int as number, current_setting('server_version') as version")
  if ((row?.number ?? 0) < LEAST_SERVER) throw new CanopyError('POSTGRES_TOO_OLD', 'unavailable', `PostgreSQL ${row?.version} is too old: 13 or newer is needed`)
}
