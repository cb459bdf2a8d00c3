import { CanopyError } from '../../engine/error.js'
import { Neo4jConnection, type Run } from '../../stores/neo4j/connection.js'
import { steps, type CypherStatement } from '../cypher.js'
import type { Migration, Scope, Script } from '../files.js'
import { called, different, failed, scopeOf, scopesOf, stuck, type Entry, type LockOptions, type MigrationReport, type Snapshot, type Target } from '../target.js'
import { SCHEMA, snapshot } from './contents.js'
import { Lease } from './lease.js'
import { awaitIndexes, createMissing, dropAdded, ensureUnique, readSchema, type SchemaEntry } from './schema.js'
import { dropStash, fillStash, restoreStash } from './stash.js'

type Direction = 'up' | 'down'

/** An entry with what is needed to put things back. */
interface Kept extends Entry {
  direction: Direction
  before: Snapshot
  schema: SchemaEntry[]
  stashed: Scope[]
  /** Both scripts as they were: the files may be gone when things have to be put back. */
  texts: { up: string; down: string }
}

const LEASE_MS = 15_000
const patient = { timeoutMs: 0 }

/**
 * Migrations of a Neo4j database. Its schema commands share no transaction with data, so a script is several transactions: what it may
 * change is copied before, inside the database, and an entry in the history says how far it came.
 */
export class Neo4jTarget implements Target {
  readonly ending = '.cypher'
  readonly #connection: Neo4jConnection
  readonly #leaseMs: number
  #lease: Lease | undefined

  private constructor(connection: Neo4jConnection, leaseMs: number) {
    this.#connection = connection
    this.#leaseMs = leaseMs
  }

  /** Connects; throws what {@link Neo4jConnection.open} throws. `leaseMs`: how long the lock of a killed migrator is respected. */
  static async open(location: string, leaseMs = LEASE_MS): Promise<Neo4jTarget> {
    return new Neo4jTarget(await Neo4jConnection.open(location, { lossless: true, pool: 4 }), leaseMs)
  }

  get where(): string {
    return this.#connection.where
  }

  async lock({ by, waitMs }: LockOptions): Promise<() => Promise<void>> {
    const lease = new Lease(this.#connection, by, this.#leaseMs)
    await lease.take(waitMs)
    this.#lease = lease
    this.#connection.metadata = { app: 'canopy migrate', holder: lease.holder }
    return async () => {
      this.#lease = undefined
      await lease.release()
    }
  }

  async history(): Promise<Kept[]> {
    const found = await this.#connection.rows<Record<string, string | null>>(
      `MATCH (m:CanopyMigration) RETURN m.version AS version, m.name AS name, m.checksum AS checksum, m.state AS state, m.appliedBy AS appliedBy, toString(m.appliedAt) AS appliedAt,
       toString(m.durationMs) AS durationMs, m.direction AS direction, m.before AS before, m.schema AS schema, m.stashed AS stashed, m.texts AS texts`,
    )
    return found.map(({ before, schema, stashed, texts, durationMs, ...entry }) => ({
      ...(entry as unknown as Kept),
      durationMs: Number(durationMs ?? 0),
      before: JSON.parse(before ?? '{}') as Snapshot,
      schema: JSON.parse(schema ?? '[]') as SchemaEntry[],
      stashed: (JSON.parse(stashed ?? '[]') as string[]).map(scopeOf),
      texts: JSON.parse(texts ?? '{"up":"","down":""}') as Kept['texts'],
    }))
  }

  async up(migration: Migration, by: string): Promise<MigrationReport> {
    return this.#run(migration, migration.up, 'up', by)
  }

  async down(migration: Migration, by: string): Promise<MigrationReport> {
    return this.#run(migration, migration.down as Script, 'down', by)
  }

  /** Data statements of all scripts run in one transaction that is taken back; for schema commands the server is asked whether it understands them. */
  async rehearse(migrations: readonly Migration[]): Promise<string[]> {
    const done: string[] = []
    await this.#connection.rehearse(async (run) => {
      for (const { name, up, down } of migrations) {
        checkDeclared(up)
        for (const [index, statement] of steps(up.text).flat().entries()) {
          const tried = statement.kind === 'data'
          await (tried ? run(statement.text) : this.#explain(statement)).catch((error: unknown) => { throw failed(name, `its statement ${index + 1} fails in a rehearsal`, error) })
          done.push(`${name}: statement ${index + 1} ${tried ? 'ran and was taken back' : 'is understood'}: ${firstLine(statement)}`)
        }
        await expectAll(run, up, name)
        if (up.expects.length > 0) done.push(`${name}: what it expects holds`)
        for (const statement of steps(down?.text ?? '').flat()) await this.#explain(statement).catch((error: unknown) => { throw failed(name, 'the script that undoes it is not understood', error) })
      }
    })
    return done
  }

  async #explain({ text }: CypherStatement): Promise<void> {
    await this.#connection.rows(`EXPLAIN ${text}`)
  }

  async recover(entry: Entry): Promise<void> {
    await this.#endLeftovers()
    const kept = (await this.history()).find(({ version }) => version === entry.version)
    if (kept === undefined) return
    // Nothing was changed while the copies were made, and not all of them may be there.
    if (kept.state === 'preparing') await this.#forget(kept)
    else await this.#rollback(kept)
  }

  async amend(version: string, checksum: string | undefined): Promise<void> {
    await this.#connection.rows(checksum === undefined ? 'MATCH (m:CanopyMigration {version: $version}) DELETE m' : 'MATCH (m:CanopyMigration {version: $version}) SET m.checksum = $checksum', { version, checksum: checksum ?? null })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #run(migration: Migration, script: Script, direction: Direction, by: string): Promise<MigrationReport> {
    checkDeclared(script)
    const started = performance.now()
    const changes = scopesOf(direction === 'up' ? [...script.changes, ...(migration.down?.changes ?? [])] : script.changes)
    const scopes = scopesOf([...changes, ...script.keeps])
    const texts = { up: migration.up.text, down: migration.down?.text ?? '' }
    const before = await snapshot(this.#connection, scopes, textOf({ texts }))
    const kept = await this.#prepare(migration, { direction, before, stashed: changes, texts }, by)
    let after: Snapshot
    try {
      for (const step of steps(script.text)) await this.#execute(step)
      await awaitIndexes(this.#connection)
      await this.#connection.read((run) => expectAll(run, script, migration.name), patient)
      after = await snapshot(this.#connection, scopes, textOf({ texts }))
      const changed = different(before, after, script.keeps)
      if (changed !== undefined) throw new CanopyError('MIGRATION_FAILED', 'conflict', `it changed ${changed}, which it says it keeps`)
    } catch (error) {
      // Whoever took the lock puts things back.
      if (error instanceof CanopyError && error.code === 'MIGRATION_LOCK_LOST') throw error
      await this.#rollback(kept, error)
      throw failed(migration.name, `${direction === 'up' ? 'it' : 'the script that undoes it'} failed, and everything is as it was before (the checksums are the same)`, error)
    }
    const durationMs = Math.round(performance.now() - started)
    await this.#settle(migration.version, direction, durationMs)
    await dropStash(this.#connection)
    return { version: migration.version, name: migration.name, durationMs, before, after }
  }

  /** Writes into the history what is about to happen, and copies what may change. */
  async #prepare({ version, name, checksum }: Migration, kept: Pick<Kept, 'direction' | 'before' | 'stashed' | 'texts'>, by: string): Promise<Kept> {
    await ensureUnique(this.#connection, 'version', 'CanopyMigration', 'version')
    await dropStash(this.#connection)
    const schema = await readSchema(this.#connection, textOf(kept))
    const { direction, before, stashed, texts } = kept
    const values = { name, checksum, direction, before: JSON.stringify(before), schema: JSON.stringify(schema), stashed: JSON.stringify(stashed.map(called)), texts: JSON.stringify(texts) }
    await this.#connection.write(async (run) => {
      await this.#lease?.fence(run)
      await run(`MERGE (m:CanopyMigration {version: $version}) SET m += $values, m.state = 'preparing', m.appliedBy = coalesce(m.appliedBy, $by), m.appliedAt = coalesce(m.appliedAt, datetime())`, { version, values, by })
    })
    await fillStash(this.#connection, stashed)
    await this.#setState(version, 'running')
    return { ...kept, version, name, checksum, schema, state: 'running', appliedBy: by, appliedAt: new Date().toISOString(), durationMs: 0 }
  }

  async #execute(step: readonly CypherStatement[]): Promise<void> {
    await this.#lease?.check()
    if (step[0]?.kind !== 'data') {
      for (const { text } of step) await this.#connection.rows(text, {}, patient)
      return
    }
    await this.#connection.write(async (run) => {
      await this.#lease?.fence(run)
      for (const { text } of step) await run(text)
      // Its time began before the statements did.
      await this.#lease?.fence(run)
    }, patient)
  }

  /** Undoes what was done and compares with the checksums of before. Throws MIGRATION_ROLLBACK when they differ or it can't be done now. */
  async #rollback(kept: Kept, cause?: unknown): Promise<void> {
    const notes: string[] = []
    try {
      if (kept.direction === 'up') {
        // What comes after puts everything back by itself: a script that can't undo half of its migration stops nothing.
        for (const step of steps(kept.texts.down)) await this.#execute(step).catch((error: unknown) => notes.push(`the script that undoes it: ${(error as Error).message}`))
      }
      await dropAdded(this.#connection, kept.schema, textOf(kept))
      const renamed = await restoreStash(this.#connection, kept.stashed)
      await createMissing(this.#connection, kept.schema, textOf(kept))
      const now = await snapshot(this.#connection, Object.keys(kept.before).filter((name) => name !== SCHEMA).map(scopeOf), textOf(kept), renamed)
      const changed = different(kept.before, now)
      if (changed !== undefined) throw new Error(`${changed} is not what it was (somebody else may have changed it meanwhile)`)
      await this.#forget(kept)
    } catch (error) {
      await this.#setState(kept.version, 'failed').catch(() => {})
      throw stuck(kept.name, [...notes, (error as Error).message], cause ?? error)
    }
  }

  /** What a migration began is undone: it was never applied, or never taken back. */
  async #forget({ version, direction }: Kept): Promise<void> {
    await this.#settle(version, direction === 'up' ? 'down' : 'up')
    await dropStash(this.#connection)
  }

  async #settle(version: string, direction: Direction, durationMs?: number): Promise<void> {
    const text = direction === 'down' ? 'DELETE m' : "SET m.state = 'applied', m.durationMs = coalesce($durationMs, m.durationMs), m.direction = null, m.before = null, m.schema = null, m.stashed = null, m.texts = null"
    await this.#connection.rows(`MATCH (m:CanopyMigration {version: $version}) ${text}`, { version, durationMs: durationMs ?? null })
  }

  async #setState(version: string, state: Entry['state']): Promise<void> {
    await this.#connection.rows('MATCH (m:CanopyMigration {version: $version}) SET m.state = $state', { version, state })
  }

  /** Transactions of a migrator that was killed may still run in the server. */
  async #endLeftovers(): Promise<void> {
    const found = await this.#connection.rows<{ id: string }>("SHOW TRANSACTIONS YIELD transactionId, metaData WHERE metaData.app = 'canopy migrate' AND metaData.holder <> $holder RETURN transactionId AS id", { holder: this.#lease?.holder ?? '' })
    for (const { id } of found) await this.#connection.rows(`TERMINATE TRANSACTION '${id}'`)
  }
}

/** Changes of data can be put back only where the script says what it changes. */
function checkDeclared(script: Script): void {
  if (script.changes.length > 0 || !steps(script.text).flat().some(({ kind, text }) => kind === 'batched' || (kind === 'data' && WRITES.test(text)))) return
  throw new CanopyError('MIGRATION_DIRECTIVE', 'invalid_input', `${script.file} changes data but doesn't say which, so nothing could be put back: write a comment such as "// changes: relationships KNOWS, nodes Person"`)
}

const WRITES = /\b(CREATE|MERGE|SET|DELETE|REMOVE|FOREACH|LOAD\s+CSV)\b/i

async function expectAll(run: Run, script: Script, name: string): Promise<void> {
  for (const query of script.expects) {
    const [row] = await run<Record<string, unknown>>(query)
    const value = row === undefined ? undefined : Object.values(row)[0]
    if (value !== true) throw new CanopyError('MIGRATION_FAILED', 'conflict', `${name} expects "${query}" to answer true, it answered ${String(value)}`)
  }
}

/** All that a migration may be about. */
const textOf = ({ texts }: Pick<Kept, 'texts'>): string => `${texts.up}\n${texts.down}`

const firstLine = ({ text }: CypherStatement): string => (text.split('\n', 1)[0] ?? '').slice(0, 100)
