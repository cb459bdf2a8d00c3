import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { CanopyError } from '../engine/error.js'

/** What a migration says that it changes or keeps: all relationships of a type, all nodes of a label, all rows of a table. */
export interface Scope {
  kind: 'relationships' | 'nodes' | 'table'
  name: string
}

/** One script with what its first comments say. */
export interface Script {
  file: string
  text: string
  /** ScopeContents that the script may change: copied before, so that they can be put back. */
  changes: Scope[]
  /** ScopeContents that must be the same afterwards. */
  keeps: Scope[]
  /** Queries that must answer true afterwards. */
  expects: string[]
}

/** A numbered step with the script that undoes it, if there is one. */
export interface Migration {
  /** What orders migrations: the name up to its first underscore or to a hyphen before a word: `2025-07`, `0003`. */
  version: string
  /** The whole name without its ending: `2025-07-haa_index`. */
  name: string
  /** SHA-256 of the script, line ends aside. */
  checksum: string
  up: Script
  down: Script | undefined
}

const NAME = /^([0-9][0-9.-]*[0-9]|[0-9])[-_].+/
const DIRECTIVE = /^\s*(?:\/\/|--)\s*(changes|keeps|expect):\s*(.+?)\s*$/
const SCOPE = /^(relationships|nodes|table)\s+([\p{L}_][\p{L}\p{N}_.]*)$/u

/**
 * The migrations in `folder` with this ending (`.cypher`, `.sql`), in order.
 *
 * `2025-07-haa_index.cypher` goes with `2025-07-haa_index.down.cypher`. Throws MIGRATION_FOLDER, MIGRATION_NAME, MIGRATION_DIRECTIVE.
 */
export async function readMigrations(folder: string, ending: string): Promise<Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new CanopyError('MIGRATION_FOLDER', 'not_found', `the folder of migrations ${folder} can't be read: ${error.message}`)
  })
  const ups = names.filter((name) => name.endsWith(ending) && !name.endsWith(`.down${ending}`))
  const downs = new Set(names.filter((name) => name.endsWith(`.down${ending}`)))
  const found = await Promise.all(ups.map((file) => read(folder, file, ending, downs)))
  const orphan = [...downs].find((file) => !found.some(({ down }) => down?.file === file))
  if (orphan !== undefined) throw named(orphan, 'there is no script that it undoes')
  found.sort((a, b) => compare(a.name, b.name))
  const twin = found.find(({ version }, index) => found[index + 1]?.version === version)
  if (twin !== undefined) throw named(twin.up.file, `another migration has the version ${twin.version}, too`)
  return found
}

/** Names as people count: 9 before 10. */
export function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

async function read(folder: string, file: string, ending: string, downs: ReadonlySet<string>): Promise<Migration> {
  const name = file.slice(0, -ending.length)
  const version = NAME.exec(name)?.[1]
  if (version === undefined) throw named(file, 'its name must begin with a number, then a word: 2025-07-haa_index or 0003_people')
  const undo = `${name}.down${ending}`
  const up = await script(folder, file)
  const down = downs.has(undo) ? await script(folder, undo) : undefined
  return { version, name, checksum: createHash('sha256').update(up.text).digest('hex'), up, down }
}

async function script(folder: string, file: string): Promise<Script> {
  const text = (await readFile(path.join(folder, file), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const script: Script = { file, text, changes: [], keeps: [], expects: [] }
  for (const line of text.split('\n')) {
    const [, directive, value = ''] = DIRECTIVE.exec(line) ?? []
    if (directive === 'expect') script.expects.push(value)
    else if (directive === 'changes' || directive === 'keeps') script[directive].push(...value.split(',').map((part) => scope(part.trim(), file)))
  }
  return script
}

function scope(text: string, file: string): Scope {
  const [, kind, name = ''] = SCOPE.exec(text) ?? []
  if (kind === undefined) {
    throw new CanopyError('MIGRATION_DIRECTIVE', 'invalid_input', `${file} names "${text}": write relationships TYPE, nodes LABEL or table NAME`)
  }
  return { kind: kind as Scope['kind'], name }
}

function named(file: string, problem: string): CanopyError {
  return new CanopyError('MIGRATION_NAME', 'invalid_input', `${file}: ${problem}`)
}
