import type { Command } from 'commander'
import { loadConfig, type Loaded } from '../config/load.js'
import { CanopyError } from '../engine/error.js'
import { openConfigured } from '../server/database.js'
import type { CollectionSpec } from '../engine/types.js'
import type { AnyCollection, AnyDatabase } from '../stores/any.js'

/** Options that every command takes. */
export interface Globals {
  dir?: string
  config?: string
  set: string[]
  json: boolean
}

/** The options of the whole command line, as seen from one command. */
export function globals(command: Command): Globals {
  const options = command.optsWithGlobals<Partial<Globals>>()
  return { set: [], json: false, ...options }
}

/** The configuration that this command line asks for. */
export function configuration(command: Command, flags: Record<string, unknown> = {}): Loaded {
  const { dir, config, set } = globals(command)
  return loadConfig({ file: config, flags: { ...Object.fromEntries(set.map(assignment)), ...flags, 'data.dir': dir } })
}

function assignment(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new CanopyError('USAGE', 'invalid_input', `--set takes key=value, not "${text}"`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** What a command works with while the database is open. */
export interface Session {
  db: AnyDatabase
  json: boolean
  /** Aborts at Ctrl-C. */
  signal: AbortSignal
}

/** Runs work on a collection, made if there is none; one that was made for work that stored nothing goes again. */
export async function withCollection<T>(db: AnyDatabase, name: string, spec: CollectionSpec, work: (collection: AnyCollection) => Promise<T>): Promise<T> {
  const known = (await db.collections()).some((collection) => collection.name === name)
  const collection = await db.ensure(name, spec)
  try {
    return await work(collection)
  } catch (error) {
    if (!known && (await collection.info()).count === 0) await db.drop(name)
    throw error
  }
}

/** Runs one piece of work that Ctrl-C interrupts. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  process.once('SIGINT', interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    process.off('SIGINT', interrupt)
  }
}

/** Opens the database for one piece of work and closes it after. Commands that only read also run beside a server. */
export async function withDatabase<T>(command: Command, access: 'read' | 'write', work: (session: Session) => Promise<T>): Promise<T> {
  const { config } = configuration(command)
  return withInterrupt(async (signal) => {
    const db = await openConfigured(config, access === 'read' ? { readOnly: true } : {})
    try {
      return await work({ db, json: globals(command).json, signal })
    } finally {
      await db.close()
    }
  })
}
