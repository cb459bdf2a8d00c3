// canopy bench cuda: the kernels and GraphWave on a GPU beside the processor of the same machine, in the same run.
//
//   canopy bench cuda [--from FOLDER] [--json] [--no-record]
//
// --from takes what carried programs left on another machine (scripts/gpu.mjs). Without a GPU nothing is measured or recorded.

import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { at } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'

/** Times and the difference of one piece of work. */
interface Figure {
  gpu_ms: number
  cpu_ms: number
  times_faster: number
  relative_error: number
}

/** What the example of crates/cuda prints. */
interface Kernels {
  skipped?: string
  code?: string
  gpu?: { name: string; capability: string; memory_bytes: number }
  figures?: Record<string, Figure | number>
  [rest: string]: unknown
}

/** What the example of crates/graph prints. */
interface Wave {
  device: string
  nodes: number
  tolerance: number
  seconds: number
  worst_error: number
}

const CASES = [[1000, 1e-8], [10_000, 1e-8], [10_000, 1e-4]] as const

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, from: { type: 'string' } } })
  const { kernels, waves, measured } = values.from === undefined ? here() : carried(values.from)
  if (kernels.skipped !== undefined) {
    finish({ bench: 'cuda', options: {}, figures: {}, checks: [], skipped: [`gpu: ${kernels.skipped} [${kernels.code ?? ''}]`] }, { json: values.json, record: false })
    return
  }
  finish({ bench: 'cuda', options: { from: values.from !== undefined }, figures: { measured, ...kernels, graphwave: waves }, checks: [...kernelChecks(kernels.figures ?? {}), ...waveChecks(waves)], skipped: [] }, values)
}

function here(): Measured {
  say('the kernels, by cargo (the first time they are compiled)')
  const kernels = JSON.parse(example('canopy-cuda', 'kernels', [], {})) as Kernels
  if (kernels.skipped !== undefined) return { kernels, waves: [], measured: new Date().toISOString() }
  const wave = (device: string, [nodes, tolerance]: (typeof CASES)[number]): Wave => JSON.parse(example('canopy-graph', 'graphwave', [String(nodes), String(tolerance), '5'], { CANOPY_COMPUTE_DEVICE: device })) as Wave
  return { kernels, waves: ['gpu', 'cpu'].flatMap((device) => CASES.map((asked) => wave(device, asked))), measured: new Date().toISOString() }
}

interface Measured {
  kernels: Kernels
  waves: Wave[]
  /** When. */
  measured: string
}

/** The last line that an example of a crate prints. */
function example(crate: string, name: string, args: string[], env: Record<string, string>): string {
  const { status, stdout } = spawnSync('cargo', ['run', '--release', '--quiet', '-p', crate, '--example', name, '--', ...args], { cwd: at(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  if (status !== 0) throw new Error(`cargo ended with ${status}`)
  return stdout.trim().split('\n').at(-1) ?? ''
}

function carried(folder: string): Measured {
  const lines = (name: string): unknown[] => readFileSync(path.join(folder, name), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown)
  return { kernels: lines('kernels.json').at(-1) as Kernels, waves: lines('graphwave.json') as Wave[], measured: statSync(path.join(folder, 'kernels.json')).mtime.toISOString() }
}

/** Results are equal but for rounding. */
const SAME = 1e-5

function kernelChecks(figures: Record<string, Figure | number>): Check[] {
  return Object.entries(figures).flatMap(([name, figure]) =>
    typeof figure === 'number'
      ? []
      : [
          { name: `${name}, against the processor`, value: figure.relative_error, unit: 'relative error', direction: 'at most' as const, must: SAME },
          { name: `${name}, times faster than the processor`, value: figure.times_faster, unit: '×', direction: 'at least' as const, goal: 1 },
        ],
  )
}

function waveChecks(waves: readonly Wave[]): Check[] {
  return waves
    .filter(({ device }) => device !== 'cpu')
    .flatMap((gpu) => {
      const title = `GraphWave, ${gpu.nodes} nodes, tolerance ${gpu.tolerance}`
      const cpu = waves.find(({ device, nodes, tolerance }) => device === 'cpu' && nodes === gpu.nodes && tolerance === gpu.tolerance)
      const error: Check = { name: `${title}, against exact heat`, value: gpu.worst_error, unit: 'off', direction: 'at most', must: gpu.tolerance }
      return cpu === undefined ? [error] : [error, { name: `${title}, times faster than the processor`, value: cpu.seconds / Math.max(gpu.seconds, 1e-3), unit: '×', direction: 'at least', goal: 1 }]
    })
}
