import os from 'node:os'
import { CanopyError } from '../engine/error.js'
import { compare, readMigrations, type Migration } from './files.js'
import type { Entry, MigrationReport, Target } from './target.js'

/** Where a migration stands. */
export type MigrationState = 'pending' | 'applied' | 'changed' | 'missing' | 'late' | 'half'

/** One line of `info`. */
export interface Standing {
  version: string
  name: string
  state: MigrationState
  canUndo: boolean
  applied: Pick<Entry, 'appliedBy' | 'appliedAt' | 'durationMs'> | null
}

/** What can be done with the migrations of one database. */
export interface Migrations {
  /** Where the database is, without what is secret. */
  readonly where: string
  /** Every migration, known or applied, in order. */
  info(): Promise<Standing[]>
  /** Refuses a history that doesn't fit what is known: MIGRATION_CHANGED, MIGRATION_MISSING, MIGRATION_ORDER, MIGRATION_HALF. Answers the names of those that are pending. */
  validate(): Promise<string[]>
  /** Tries what `up` would do and leaves no trace; answers what was tried, a line each. */
  dryRun(): Promise<string[]>
  /** Applies what is pending, up to and with the version `to`. */
  up(options?: MigrateOptions): Promise<MigrationReport[]>
  /** Undoes the last migration, or all after the version `to`. */
  down(options?: MigrateOptions): Promise<MigrationReport[]>
  /** Puts back what is half done and makes the history fit; answers what was done, a line each. */
  repair(): Promise<string[]>
  close(): Promise<void>
}

/** How far to go. */
export interface MigrateOptions {
  to?: string | undefined
  /** Aborting it stops between two migrations. */
  signal?: AbortSignal | undefined
}

/** Who is written into the history. */
export function whoami(): string {
  try {
    return `${os.userInfo().username}@${os.hostname()}`
  } catch {
    // A container may run as a user without a name.
    return `${process.getuid?.() ?? 'somebody'}@${os.hostname()}`
  }
}

/** Applies the migrations of a folder to one database, in order, one process at a time. */
export class Migrator implements Migrations {
  readonly #target: Target
  readonly #folder: string
  readonly #waitMs: number

  /** `waitMs`: how long to wait for another process that migrates. */
  constructor(target: Target, folder: string, waitMs: number) {
    this.#target = target
    this.#folder = folder
    this.#waitMs = waitMs
  }

  get where(): string {
    return this.#target.where
  }

  async close(): Promise<void> {
    await this.#target.close()
  }

  async info(): Promise<Standing[]> {
    const { migrations, history } = await this.#read()
    const byVersion = new Map(migrations.map((migration) => [migration.version, migration]))
    const newest = history.at(-1)?.name
    const names = new Map([...history, ...migrations].map(({ version, name }) => [version, name]))
    return [...names].toSorted(([, a], [, b]) => compare(a, b)).map(([version, name]) => {
      const migration = byVersion.get(version)
      const entry = history.find((known) => known.version === version)
      const late = newest !== undefined && compare(name, newest) < 0
      const applied = entry === undefined ? null : { appliedBy: entry.appliedBy, appliedAt: entry.appliedAt, durationMs: entry.durationMs }
      return { version, name, state: standing(migration, entry, late), canUndo: migration?.down !== undefined, applied }
    })
  }

  async validate(): Promise<string[]> {
    return (await this.#pending()).map(({ name }) => name)
  }

  async dryRun(): Promise<string[]> {
    return this.#target.rehearse(await this.#pending())
  }

  /** What an ended process left half done is put back first. */
  async up({ to, signal }: MigrateOptions = {}): Promise<MigrationReport[]> {
    return this.#locked(async () => {
      await this.#recover()
      const { migrations, history } = await this.#read()
      const reports: MigrationReport[] = []
      for (const migration of upTo(pending(migrations, history), migrations, to)) {
        signal?.throwIfAborted()
        reports.push(await this.#target.up(migration, whoami()))
      }
      return reports
    })
  }

  async down({ to, signal }: MigrateOptions = {}): Promise<MigrationReport[]> {
    return this.#locked(async () => {
      const { migrations, history } = await this.#read()
      pending(migrations, history)
      if (to !== undefined && !history.some(({ version }) => version === to)) throw unknown(to, history)
      const last = to === undefined ? history.slice(-1) : history.slice(history.findIndex(({ version }) => version === to) + 1)
      const undone = last.toReversed().map(({ version }) => migrations.find((migration) => migration.version === version) as Migration)
      const stuck = undone.find(({ down }) => down === undefined)
      if (stuck !== undefined) throw new CanopyError('MIGRATION_NO_DOWN', 'conflict', `${stuck.name} has no script that undoes it: write ${stuck.name}.down${this.#target.ending}; nothing was undone`)
      const reports: MigrationReport[] = []
      for (const migration of undone) {
        signal?.throwIfAborted()
        reports.push(await this.#target.down(migration, whoami()))
      }
      return reports
    })
  }

  /** Half-done migrations are put back, checksums of edited files taken over, entries without a file removed. */
  async repair(): Promise<string[]> {
    return this.#locked(async () => {
      const done = await this.#recover()
      const { migrations, history } = await this.#read()
      for (const { version, name, checksum } of history) {
        const migration = migrations.find((known) => known.version === version)
        if (migration?.checksum === checksum) continue
        await this.#target.amend(version, migration?.checksum)
        done.push(migration === undefined ? `${name}: forgotten, its file is gone` : `${name}: its checksum is that of the file now`)
      }
      return done
    })
  }

  async #pending(): Promise<Migration[]> {
    const { migrations, history } = await this.#read()
    return pending(migrations, history)
  }

  async #recover(): Promise<string[]> {
    const history = await this.#target.history()
    const done: string[] = []
    for (const entry of history.filter(({ state }) => state !== 'applied')) {
      await this.#target.recover(entry)
      done.push(`${entry.name}: what was half done is put back`)
    }
    return done
  }

  async #read(): Promise<{ migrations: Migration[]; history: Entry[] }> {
    const [migrations, history] = await Promise.all([readMigrations(this.#folder, this.#target.ending), this.#target.history()])
    return { migrations, history: history.toSorted((a, b) => compare(a.name, b.name)) }
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#target.lock({ by: whoami(), waitMs: this.#waitMs })
    try {
      const result = await work()
      await release()
      return result
    } catch (error) {
      // Where the connection is gone, the lock goes with it; why the work failed matters more.
      await release().catch(() => {})
      throw error
    }
  }
}

function standing(migration: Migration | undefined, entry: Entry | undefined, late: boolean): MigrationState {
  if (entry === undefined) return late ? 'late' : 'pending'
  if (entry.state !== 'applied') return 'half'
  if (migration === undefined) return 'missing'
  return migration.checksum === entry.checksum ? 'applied' : 'changed'
}

function pending(migrations: readonly Migration[], history: readonly Entry[]): Migration[] {
  const conflict = (code: string, message: string): CanopyError => new CanopyError(code, 'conflict', message)
  for (const { version, name, checksum, state } of history) {
    const migration = migrations.find((known) => known.version === version)
    if (state !== 'applied') throw conflict('MIGRATION_HALF', `${name} was left half-way (${state}): \`canopy migrate up\` or \`repair\` puts it back`)
    if (migration === undefined) throw conflict('MIGRATION_MISSING', `${name} was applied but its file is gone: bring it back, or \`canopy migrate repair\` forgets it`)
    if (migration.checksum !== checksum) throw conflict('MIGRATION_CHANGED', `${migration.up.file} was edited after it was applied: restore it and write a new migration, or accept it with \`canopy migrate repair\``)
  }
  const newest = history.at(-1)
  const open = migrations.filter(({ version }) => !history.some((entry) => entry.version === version))
  const late = open.find(({ name }) => newest !== undefined && compare(name, newest.name) < 0)
  if (late !== undefined) throw conflict('MIGRATION_ORDER', `${late.name} comes before ${newest?.name}, which is applied already: give it a later number`)
  return open
}

function upTo(open: readonly Migration[], all: readonly Migration[], to: string | undefined): readonly Migration[] {
  if (to === undefined) return open
  if (!all.some(({ version }) => version === to)) throw unknown(to, all)
  return open.slice(0, open.findIndex(({ version }) => version === to) + 1)
}

function unknown(version: string, known: ReadonlyArray<{ version: string }>): CanopyError {
  return new CanopyError('MIGRATION_UNKNOWN', 'not_found', `there is no migration "${version}": there are ${known.map((one) => one.version).join(', ') || 'none'}`)
}
