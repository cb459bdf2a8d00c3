import { CanopyError } from '../engine/error.js'
import type { Migration, Scope } from './files.js'

/** Contents of one scope: how many, and a checksum that does not depend on their order. */
export interface ScopeContents {
  count: number
  checksum: string
}

/** Contents by scope, as `relationships SUGGESTED_HYPER_AA`. */
export type Snapshot = Record<string, ScopeContents>

/** What the database remembers of a migration. */
export interface Entry {
  version: string
  name: string
  checksum: string
  /** `preparing` and `running` are left by a process that ended half-way, `failed` by a rollback that did not put everything back. */
  state: 'preparing' | 'running' | 'failed' | 'applied'
  appliedBy: string
  appliedAt: string
  durationMs: number
}

/** What running one script did. */
export interface MigrationReport {
  version: string
  name: string
  durationMs: number
  before: Snapshot
  after: Snapshot
}

/** Who takes the lock, and how long to wait for another that has it. */
export interface LockOptions {
  by: string
  waitMs: number
}

/** A database that migrations are for. */
export interface Target {
  /** Where it is, without what is secret. */
  readonly where: string
  /** Ending of its scripts. */
  readonly ending: '.cypher' | '.sql'
  /** Takes the lock; throws MIGRATION_LOCKED when somebody has it for too long. Answers what gives it back. */
  lock(options: LockOptions): Promise<() => Promise<void>>
  history(): Promise<Entry[]>
  /** Runs a migration whole; when it fails or changes what it should not, everything is put back and MIGRATION_FAILED thrown. */
  up(migration: Migration, by: string): Promise<MigrationReport>
  /** Runs the script that undoes a migration, under the same terms. */
  down(migration: Migration, by: string): Promise<MigrationReport>
  /** Tries migrations as far as that is possible without a trace; answers what was tried, a line a step. */
  rehearse(migrations: readonly Migration[]): Promise<string[]>
  /** Puts back what a process left that ended half-way. */
  recover(entry: Entry): Promise<void>
  /** Writes another checksum into the history, or takes the entry out. */
  amend(version: string, checksum: string | undefined): Promise<void>
  close(): Promise<void>
}

/** A scope as a person writes it. */
export const called = ({ kind, name }: Scope): string => `${kind} ${name}`

/** What {@link called} wrote. */
export function scopeOf(text: string): Scope {
  const space = text.indexOf(' ')
  return { kind: text.slice(0, space) as Scope['kind'], name: text.slice(space + 1) }
}

/** Each scope once. */
export const scopesOf = (scopes: readonly Scope[]): Scope[] => [...new Map(scopes.map((scope) => [called(scope), scope])).values()]

/** The first of these scopes (of all, without them) whose contents differ. */
export function different(before: Snapshot, after: Snapshot, scopes?: readonly Scope[]): string | undefined {
  const names = scopes?.map(called) ?? Object.keys(before)
  return names.find((name) => before[name]?.checksum !== after[name]?.checksum || before[name]?.count !== after[name]?.count)
}

/** A migration failed, and everything is as it was. */
export function failed(name: string, what: string, cause: unknown): CanopyError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new CanopyError('MIGRATION_FAILED', 'conflict', `${name}: ${what}: ${message}`, { cause })
}

/** A migration failed, and so did putting things back. */
export function stuck(name: string, why: readonly string[], cause: unknown): CanopyError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new CanopyError('MIGRATION_ROLLBACK', 'corrupt', `${name} is half done (${message}) and could not be put back: ${why.join('; ')}. The copies are kept: \`canopy migrate repair\` tries again`, { cause })
}
