import { cp, mkdtemp, open as openFile, readdir, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { system } from '../engine/binding.js'
import { CanopyError } from '../engine/error.js'
import { open } from '../engine/open.js'
import type { MigrateOptions, Migrations, Standing } from './runner.js'
import type { MigrationReport } from './target.js'

const FILE = 'canopy.db'
/** Where SQLite's header keeps `PRAGMA user_version`, big-endian. */
const VERSION_OFFSET = 60
/** What each version of the tables brought, from the first. The core makes the steps when it opens a folder. */
export const EMBEDDED_VERSIONS: readonly string[] = ['1-records', '2-vectors_apart_with_history', '3-counters_from_tables']

/**
 * The migrations of a folder. Its steps are in the core, which applies them in one transaction, with a copy beside the database, when the
 * folder is opened for writing: here they are looked at, tried on a copy, and driven.
 */
export class EmbeddedMigrations implements Migrations {
  readonly where: string

  constructor(folder: string) {
    this.where = path.resolve(folder)
  }

  async info(): Promise<Standing[]> {
    const version = await this.#version()
    return EMBEDDED_VERSIONS.map((name, index) => ({ version: String(index + 1), name, state: index < version ? 'applied' : 'pending', canUndo: false, applied: null }))
  }

  async validate(): Promise<string[]> {
    return EMBEDDED_VERSIONS.slice(await this.#version())
  }

  async dryRun(): Promise<string[]> {
    const pending = await this.validate()
    if (pending.length === 0 || pending.length === EMBEDDED_VERSIONS.length) return []
    const scratch = await mkdtemp(path.join(os.tmpdir(), 'canopy-migrate-'))
    try {
      const before = await this.#stamp()
      for (const name of [FILE, `${FILE}-wal`]) await cp(path.join(this.where, name), path.join(scratch, name)).catch(ignoreMissing)
      if (before !== (await this.#stamp())) throw new CanopyError('MIGRATION_LOCKED', 'conflict', `${this.where} was written to while it was copied: close the process that does, and try again`)
      const records = await migrate(scratch)
      return pending.map((name) => `${name}: applied to a copy, ${records} records are there`)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }

  /** Opens the folder for writing, which migrates it; the copy of what was before is kept. */
  async up({ to }: MigrateOptions = {}): Promise<MigrationReport[]> {
    const newest = String(EMBEDDED_VERSIONS.length)
    if (to !== undefined && to !== newest) throw new CanopyError('MIGRATION_UNKNOWN', 'not_found', `a folder goes to version ${newest} in one step, not to "${to}": leave --to away`)
    const pending = await this.validate()
    if (pending.length === 0) return []
    const started = performance.now()
    await migrate(this.where)
    const durationMs = Math.round(performance.now() - started)
    return pending.map((name) => ({ version: name.split('-', 1)[0] ?? '', name, durationMs, before: {}, after: {} }))
  }

  async down(): Promise<MigrationReport[]> {
    const copies = (await this.#beside()).filter((name) => name.endsWith('.backup'))
    const copy = copies.length === 0 ? 'no copy is kept here' : `${copies.at(-1)} is the database as it was`
    throw new CanopyError('MIGRATION_NO_DOWN', 'conflict', `the tables of a folder don't go back to an older version (${copy}): put a copy in the place of ${FILE}, with the release that wrote it; nothing was undone`)
  }

  /** What a killed process left is its unfinished copy: the database itself is the old one, and becomes the new one here. */
  async repair(): Promise<string[]> {
    const done = (await this.up()).map(({ name }) => `${name}: applied`)
    for (const name of (await this.#beside()).filter((each) => each.includes('.part'))) {
      await rm(path.join(this.where, name), { force: true })
      done.push(`${name}: removed, it was never finished`)
    }
    return done
  }

  async close(): Promise<void> {
    // Nothing stays open between two calls.
  }

  /** The version of the tables; 0 where there is no database yet. What is damaged, foreign or newer is refused by the core. */
  async #version(): Promise<number> {
    try {
      const db = await open(this.where, { readOnly: true })
      await db.close()
      return system().schema
    } catch (error) {
      if (!(error instanceof CanopyError)) throw error
      if (error.code === 'STORE_NOT_FOUND') return 0
      // The core opens nothing older without writing to it.
      if (error.code === 'STORE_READ_ONLY') return header(path.join(this.where, FILE))
      throw error
    }
  }

  async #stamp(): Promise<string> {
    const all = await Promise.all([FILE, `${FILE}-wal`].map((name) => stat(path.join(this.where, name)).then(({ size, mtimeMs }) => `${size} ${mtimeMs}`, () => '')))
    return all.join()
  }

  /** Files that migrations left beside the database. */
  async #beside(): Promise<string[]> {
    const names = await readdir(this.where).catch(() => [])
    return names.filter((name) => /^canopy\.db\.v\d+-\d+\.backup(\.part.*)?$/.test(name)).toSorted()
  }
}

/** Opens a folder as its writer; answers how many records it holds. */
async function migrate(folder: string): Promise<number> {
  const db = await open(folder, { keepBackup: true })
  try {
    return (await db.collections()).reduce((sum, { count }) => sum + count, 0)
  } finally {
    await db.close()
  }
}

async function header(file: string): Promise<number> {
  const handle = await openFile(file)
  try {
    const { buffer } = await handle.read({ buffer: Buffer.alloc(VERSION_OFFSET + 4), position: 0 })
    return buffer.readUInt32BE(VERSION_OFFSET)
  } finally {
    await handle.close()
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
