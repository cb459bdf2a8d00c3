import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { CanopyError } from '../../engine/error.js'
import { checkServer, parseAddress } from '../../stores/postgres/address.js'
import { quoted } from '../../stores/postgres/connection.js'
import { postgresError } from '../../stores/postgres/errors.js'
import { settingsOf } from '../../stores/postgres/options.js'
import type { Migration, Scope, Script } from '../files.js'
import { called, different, failed, scopesOf, stuck, type ScopeContents, type Entry, type LockOptions, type MigrationReport, type Snapshot, type Target } from '../target.js'
import { statements } from './sql.js'

const POLL_MS = 200

/** Migrations of a PostgreSQL schema: each is one transaction, so a process or a server that ends half-way leaves nothing behind. */
export class PostgresTarget implements Target {
  readonly ending = '.sql'
  readonly where: string
  readonly #client: pg.Client
  readonly #schema: string

  private constructor(client: pg.Client, where: string, schema: string) {
    this.#client = client
    this.where = where
    this.#schema = schema
  }

  /** Connects; throws STORE_ADDRESS, POSTGRES_UNREACHABLE, POSTGRES_AUTH, POSTGRES_DATABASE, POSTGRES_TOO_OLD. */
  static async open(location: string): Promise<PostgresTarget> {
    const address = parseAddress(location)
    const { schema, connectTimeoutMs } = settingsOf(address, {})
    const where = `${address.hostname || 'localhost'}:${address.port || '5432'}${address.pathname}`
    address.searchParams.delete('schema')
    const client = new pg.Client({ connectionString: address.href, connectionTimeoutMillis: connectTimeoutMs, application_name: `canopy migrate ${schema}`, keepAlive: true })
    // What breaks while nothing runs is told by the next statement.
    client.on('error', () => {})
    const target = new PostgresTarget(client, where, schema)
    try {
      await client.connect()
      await checkServer(target)
      await target.rows("select set_config('search_path', $1, false), set_config('client_min_messages', 'error', false), set_config('statement_timeout', '0', false)", [`${quoted(schema)}, public`])
      // From version 14 on a server can notice that a client was killed while it works for it, and lets the lock go.
      await target.rows("select set_config(name, '1s', false) from pg_settings where name = 'client_connection_check_interval'")
      return target
    } catch (error) {
      await client.end().catch(() => {})
      throw postgresError(error, where)
    }
  }

  async lock({ waitMs }: LockOptions): Promise<() => Promise<void>> {
    const key = `canopy migrate ${this.#schema}`
    for (const end = Date.now() + waitMs; ; await sleep(Math.min(POLL_MS, Math.max(1, end - Date.now())))) {
      const [row] = await this.rows<{ taken: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [key])
      // The lock is the session's: with the process it ends.
      if (row?.taken === true) return async () => void (await this.rows('select pg_advisory_unlock(hashtextextended($1, 0))', [key]))
      if (Date.now() >= end) throw new CanopyError('MIGRATION_LOCKED', 'conflict', `migrations of ${this.where}, schema "${this.#schema}", are being run by another process: wait for it (--wait), or try again`)
    }
  }

  async history(): Promise<Entry[]> {
    const [table] = await this.rows<{ found: boolean }>('select to_regclass($1) is not null as found', [`${quoted(this.#schema)}.migration_history`])
    if (table?.found !== true) return []
    return this.rows<Entry>(
      `select version, name, checksum, 'applied' as state, applied_by as "appliedBy", to_char(applied_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "appliedAt", duration_ms as "durationMs" from ${quoted(this.#schema)}.migration_history`,
    )
  }

  async up({ version, name, checksum, up }: Migration, by: string): Promise<MigrationReport> {
    return this.#run({ version, name, script: up }, 'it failed', (durationMs) =>
      this.rows('insert into migration_history (version, name, checksum, applied_by, duration_ms) values ($1, $2, $3, $4, $5)', [version, name, checksum, by, durationMs]),
    )
  }

  async down({ version, name, down }: Migration): Promise<MigrationReport> {
    return this.#run({ version, name, script: down as Script }, 'the script that undoes it failed', () => this.rows('delete from migration_history where version = $1', [version]))
  }

  /** Everything really runs, in one transaction that is taken back: what runs here runs in `up`. */
  async rehearse(migrations: readonly Migration[]): Promise<string[]> {
    const done: string[] = []
    await this.rows('begin')
    try {
      await this.rows(`create schema if not exists ${quoted(this.#schema)}`)
      for (const { name, up, down } of migrations) {
        const count = await this.#apply(name, up).catch((error: unknown) => { throw failed(name, 'it fails in a rehearsal', error) })
        done.push(`${name}: ${count} statements ran and were taken back${up.expects.length > 0 ? ', what it expects holds' : ''}`)
        if (down === undefined) continue
        await this.rows('savepoint undo')
        await this.#apply(name, down).catch((error: unknown) => { throw failed(name, 'the script that undoes it fails in a rehearsal', error) })
        await this.rows('rollback to savepoint undo')
        done.push(`${name}: the script that undoes it ran, too`)
      }
    } finally {
      await this.rows('rollback')
    }
    return done
  }

  async recover(): Promise<void> {
    // A transaction that was not committed is nowhere.
  }

  async amend(version: string, checksum: string | undefined): Promise<void> {
    if (checksum === undefined) await this.rows('delete from migration_history where version = $1', [version])
    else await this.rows('update migration_history set checksum = $2 where version = $1', [version, checksum])
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  /** One statement, with our errors. @internal */
  async rows<T>(text: string | { text: string; values?: unknown[] }, values?: unknown[]): Promise<T[]> {
    try {
      return (await this.#client.query(typeof text === 'string' ? { text, ...(values === undefined ? {} : { values }) } : text)).rows as T[]
    } catch (error) {
      throw postgresError(error, this.where)
    }
  }

  async #run({ version, name, script }: { version: string; name: string; script: Script }, what: string, note: (durationMs: number) => Promise<unknown>): Promise<MigrationReport> {
    const scopes = scopesOf([...script.changes, ...script.keeps])
    const started = performance.now()
    await this.#prepare()
    await this.rows('begin')
    let before: Snapshot = {}
    try {
      before = await this.#snapshot(scopes)
      await this.#apply(name, script)
      const after = await this.#snapshot(scopes)
      const changed = different(before, after, script.keeps)
      if (changed !== undefined) throw new CanopyError('MIGRATION_FAILED', 'conflict', `it changed ${changed}, which it says it keeps`)
      const durationMs = Math.round(performance.now() - started)
      await note(durationMs)
      await this.rows('commit')
      return { version, name, durationMs, before, after }
    } catch (error) {
      await this.#rollback(name, scopes, before, error)
      throw failed(name, `${what}, and everything is as it was before`, error)
    }
  }

  async #prepare(): Promise<void> {
    await this.rows(`create schema if not exists ${quoted(this.#schema)}`)
    await this.rows(`create table if not exists migration_history (version text primary key, name text not null, checksum text not null, applied_by text not null, applied_at timestamptz not null default now(), duration_ms int not null)`)
  }

  async #rollback(name: string, scopes: readonly Scope[], before: Snapshot, cause: unknown): Promise<void> {
    let changed: string | undefined
    try {
      await this.rows('rollback')
      changed = different(before, await this.#snapshot(scopes))
    } catch {
      // The connection is gone, and with it the transaction.
    }
    if (changed !== undefined) throw stuck(name, [`${changed} is not what it was (somebody else may have changed it meanwhile)`], cause)
  }

  async #apply(name: string, script: Script): Promise<number> {
    const all = statements(script.text, script.file)
    for (const [index, text] of all.entries()) {
      await this.rows(text).catch((error: unknown) => {
        throw new CanopyError('MIGRATION_FAILED', 'conflict', `statement ${index + 1} of ${all.length}: ${(error as Error).message}`, { cause: error })
      })
    }
    for (const query of script.expects) {
      const [row] = await this.rows<Record<string, unknown>>(query)
      const value = row === undefined ? undefined : Object.values(row)[0]
      if (value !== true) throw new CanopyError('MIGRATION_FAILED', 'conflict', `${name} expects "${query}" to answer true, it answered ${String(value)}`)
    }
    return all.length
  }

  async #snapshot(scopes: readonly Scope[]): Promise<Snapshot> {
    const found: Snapshot = {}
    for (const scope of scopes) found[called(scope)] = await this.#contents(scope)
    return found
  }

  /** The sum of two 64-bit hashes of every row: the order of rows changes nothing, two equal rows don't vanish. */
  async #contents({ name }: Scope): Promise<ScopeContents> {
    const table = name.split('.').map(quoted).join('.')
    const [there] = await this.rows<{ found: boolean }>('select to_regclass($1) is not null as found', [table])
    if (there?.found !== true) return { count: 0, checksum: 'no such table' }
    const sum = (seed: number): string => `mod(coalesce(sum(hashtextextended(t::text, ${seed})::numeric), 0), 18446744073709551616)`
    const [row] = await this.rows<{ count: number; checksum: string }>(`select count(*)::int as count, ${sum(0)} || ':' || ${sum(1)} as checksum from ${table} t`)
    return row ?? { count: 0, checksum: '' }
  }
}
