import type { Check } from './check.js'

/** What a bench recorded, as far as it is compared. */
export interface Result {
  bench: string
  variant?: string
  date: string
  commit: string | null
  machine: { cpu: string }
  options: Record<string, unknown>
  checks: Check[]
  figures: Record<string, unknown>
}

/** A stage of two results. */
export interface Stage {
  name: string
  old: number
  fresh: number
  /** The share by which the new figure is larger. */
  change: number
  /** Whether it is worse by more than is tolerated. */
  regressed: boolean
}

/** What is tolerated: a share, and seconds below which a difference is noise. */
export interface Tolerance {
  tolerance: number
  floor: number
}

/** Seconds in one unit of a figure, by the end of its name. */
const UNITS: [RegExp, number][] = [
  [/(^|_)s$/, 1],
  [/(^|_)ms$|Ms$/, 1e-3],
]
/** Figures of others, which no change of ours makes better or worse. */
const OTHERS = new Set(['peers'])

/**
 * The stages that both results have, in the order of the new one. Throws where they are results of different benches or of different
 * options: such figures say nothing about each other.
 */
export function compared(old: Result, fresh: Result, { tolerance, floor }: Tolerance): Stage[] {
  const [was, is] = [old, fresh].map(({ bench, variant }) => [bench, variant].filter(Boolean).join(' '))
  if (was !== is) throw new TypeError(`results of different benches: ${was}, ${is}`)
  const other = Object.keys({ ...old.options, ...fresh.options }).filter((name) => name !== 'runs' && name !== 'peers' && JSON.stringify(old.options[name]) !== JSON.stringify(fresh.options[name]))
  if (other.length > 0) throw new TypeError(`results of different options: ${other.join(', ')}`)
  const stages: Stage[] = []
  const note = (name: string, a: number, b: number, worse: number, noise: number): void => {
    const change = a === 0 ? (b === 0 ? 0 : Infinity) : b / a - 1
    stages.push({ name, old: a, fresh: b, change, regressed: worse > tolerance && Math.abs(b - a) > noise })
  }
  const before = new Map(times(old.figures))
  for (const [name, { value, seconds }] of times(fresh.figures)) {
    const known = before.get(name)
    if (known !== undefined) note(name, known.value, value, value / known.value - 1, floor / seconds)
  }
  for (const { name, value, direction } of fresh.checks) {
    const known = old.checks.find((check) => check.name === name)
    if (known !== undefined) note(`check: ${name}`, known.value, value, direction === 'at most' ? value / known.value - 1 : known.value / value - 1, 0)
  }
  return stages
}

/** Every time in the figures, by its path. */
function* times(figures: unknown, path: string[] = []): Generator<[name: string, { value: number; seconds: number }]> {
  if (typeof figures !== 'object' || figures === null) return
  for (const [key, value] of Object.entries(figures)) {
    const seconds = UNITS.find(([end]) => end.test(key))?.[1]
    if (typeof value === 'number' && seconds !== undefined) yield [[...path, key].join('.'), { value, seconds }]
    else if (!OTHERS.has(key)) yield* times(value, [...path, Array.isArray(figures) ? identity(value, key) : key])
  }
}

/** What tells a row of a table from the others: its names and its size, else its place. */
function identity(row: unknown, place: string): string {
  if (typeof row !== 'object' || row === null) return place
  const names = Object.entries(row).filter(([key, value]) => typeof value === 'string' || key === 'n')
  return names.length === 0 ? place : names.map(([, value]) => String(value)).join(' ')
}
