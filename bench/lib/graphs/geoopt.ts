import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { withFolder } from '../paths.js'
import { python, runPython } from '../peers/python.js'
import { say } from '../result.js'

/** What geoopt says of itself. */
export interface Geoopt {
  version?: string
  torch?: string
  mpoints_per_s?: Record<string, number>
  error?: string
}

/** Maps of the ball by geoopt on the same points. */
export async function geooptRates(task: { n: number; dim: number; runs: number }, rows: Record<'points' | 'bases' | 'tangents', Float32Array>): Promise<Geoopt> {
  const executable = python('hyperbolic.txt')
  if (executable === undefined) return { error: 'no Python environment' }
  say('geoopt')
  return withFolder(async (folder) => {
    for (const [name, values] of Object.entries(rows)) writeFileSync(path.join(folder, `${name}.f32`), values)
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify(task))
    try {
      return runPython<Geoopt>(executable, 'geoopt_ball.py', folder)
    } catch (error) {
      return { error: `it ended its process: ${String(error).slice(0, 200)}` }
    }
  })
}
