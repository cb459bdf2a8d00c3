import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { holds, judge, type Check, type Judged } from './check.js'
import { commit, machine } from './machine.js'
import { at } from './paths.js'
import { round } from './time.js'

export type { Check, Judged } from './check.js'

/** Options that every bench takes. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: true },
} as const

/** What a bench hands to `finish`. */
export interface Outcome {
  bench: string
  /** What tells results of one bench apart that stand beside each other, such as the data: part of the file's name. */
  variant?: string
  /** How it was called, so that it can be called so again. */
  options: Record<string, unknown>
  figures: Record<string, unknown>
  checks: Check[]
  /** What wasn't measured, and why. */
  skipped: string[]
}

/**
 * Prints the checks (unless only JSON was asked for) and, as the last line, the whole result as one JSON object; records it under
 * bench/results unless `--no-record` was given. A missed `must` makes the exit code 1.
 */
export function finish({ bench, variant, options, figures, checks, skipped }: Outcome, { json, record }: { json: boolean; record: boolean }): void {
  const judged = checks.map(judge)
  const date = new Date().toISOString()
  const result = { bench, ...(variant === undefined ? {} : { variant }), command: command(), date, commit: commit(), machine: machine(), load: os.loadavg().map(round), options, checks: judged, skipped, figures }
  if (!json) for (const line of lines(judged, skipped)) console.log(line)
  const line = JSON.stringify(result)
  if (record) {
    mkdirSync(at('bench', 'results'), { recursive: true })
    writeFileSync(at('bench', 'results', `${[bench, variant, date.slice(0, 10)].filter((part) => part !== undefined).join('-')}.json`), `${JSON.stringify(result, null, 1)}\n`)
  }
  if (!checks.every(holds)) process.exitCode = 1
  console.log(line)
}

/** The command line as somebody else would type it: folders of this machine keep their last name only. */
function command(): string {
  const words = process.argv.slice(process.argv.indexOf('bench')).filter((word) => word !== '--json')
  const short = (word: string): string => (path.isAbsolute(word) || word.startsWith('..') ? path.basename(word) : word)
  return ['canopy', ...words.map((word) => word.split(',').map(short).join(','))].join(' ')
}

const SIGNS = { goal: '✓', must: '~', missed: '✗' } as const

function* lines(checks: readonly Judged[], skipped: readonly string[]): Generator<string> {
  const width = Math.max(...checks.map(({ name }) => name.length), 0)
  for (const { name, value, unit, direction, goal, must, met } of checks) {
    const wanted = [goal === undefined ? [] : [`goal ${direction} ${goal}`], must === undefined ? [] : [`must ${direction} ${must}`]].flat()
    yield `${SIGNS[met]} ${name.padEnd(width)}  ${value} ${unit}  (${wanted.join(', ')})`
  }
  for (const what of skipped) yield `- skipped: ${what}`
}

/** Says on standard error what the bench is doing. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
