import { CommanderError } from 'commander'
import { toCanopyError, type Kind } from '../engine/error.js'

/** The one table from the kind of an error to the exit code. */
const exitOfKind: Readonly<Record<Kind, number>> = {
  invalid_input: 2,
  too_large: 2,
  not_found: 3,
  conflict: 4,
  unavailable: 5,
  read_only: 1,
  refused: 1,
  limited: 5,
  permission: 1,
  no_space: 1,
  corrupt: 1,
  internal: 1,
  cancelled: 130,
}

/** Prints one JSON value on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Prints lines for people on standard output. */
export function print(...lines: string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints for people, or as JSON if that was asked for. */
export function report(json: boolean, value: unknown, lines: () => string[]): void {
  if (json) printJson(value)
  else print(...lines())
}

/** Says in one line what went wrong; answers the exit code. */
export function fail(thrown: unknown, json: boolean): number {
  if (thrown instanceof CommanderError) return failUsage(thrown, json)
  if (thrown instanceof Error && thrown.name === 'AbortError') return 130
  const error = toCanopyError(thrown)
  say(error.code, error.message, json)
  if (error.code === 'INTERNAL' && process.env['DEBUG'] !== undefined) process.stderr.write(`${(thrown as Error).stack}\n`)
  return exitOfKind[error.kind] ?? 1
}

function failUsage({ code, message, exitCode }: CommanderError, json: boolean): number {
  if (exitCode === 0) return 0
  // commander.help is help shown because no command was given: it was printed already.
  const hint = code === 'commander.unknownOption' ? '; a text that begins with a hyphen goes behind --' : ''
  if (code !== 'commander.help') say('USAGE', `${message.replace(/^error: /, '').replaceAll('\n', ' ')}${hint}; canopy --help lists all commands and options`, json)
  return 2
}

function say(code: string, message: string, json: boolean): void {
  process.stderr.write(json ? `${JSON.stringify({ code, message })}\n` : `canopy: ${message} [${code}]\n`)
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A size for people: `12.3 MiB`. */
export function bytes(count: number): string {
  const power = count < 1024 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1)
  return `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** Columns padded to the widest cell. */
export function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}
