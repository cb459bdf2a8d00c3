import type { Check } from '../result.js'

/** How the bench was asked to run. */
export interface Settings {
  sizes: number[]
  peers: boolean
  rounds: number
  safetensors: string | undefined
}

/** What a part of the bench found out. */
export interface Findings {
  figures: unknown
  checks: Check[]
  skipped?: string[]
}
