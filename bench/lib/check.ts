import { round } from './time.js'

/** A figure beside what was promised. */
export interface Check {
  name: string
  value: number
  unit: string
  /** `at most` for times and sizes, `at least` for rates and ratios. */
  direction: 'at most' | 'at least'
  /** What we want. */
  goal?: number
  /** What must hold: the bench fails without it. */
  must?: number
}

/** A check with its verdict. */
export type Judged = Check & { met: 'goal' | 'must' | 'missed' }

/** Says whether a figure keeps its promise; `must` means the floor holds but the goal isn't reached. */
export function judge(check: Check): Judged {
  const met = !holds(check) ? 'missed' : keeps(check, check.goal) ? 'goal' : check.must === undefined ? 'missed' : 'must'
  return { ...check, value: round(check.value), met }
}

/** Whether what must hold does. */
export function holds(check: Check): boolean {
  return keeps(check, check.must)
}

function keeps({ value, direction }: Check, bound: number | undefined): boolean {
  return bound === undefined || (direction === 'at most' ? value <= bound : value >= bound)
}
