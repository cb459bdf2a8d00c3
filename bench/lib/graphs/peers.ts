import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { withFolder } from '../paths.js'
import { python, runPython } from '../peers/python.js'
import { say } from '../result.js'
import type { Edges } from './data.js'

/** What a library says of itself. */
export interface Peer {
  version?: string
  seconds?: number
  walks_per_s?: number
  pairs?: number
  sum?: number
  error?: string
  vectors?: Float32Array
}

/** How all learn. */
export const WALKS = { walks: 10, length: 40, dim: 128, window: 5, negatives: 5 } as const

/** Runs an engine of bench/peers/graphs.py on a graph, in a process of its own. */
export async function graphPeer(engine: 'gensim' | 'grape' | 'networkx', { nodes, sources, targets }: Edges): Promise<Peer> {
  const executable = python('graphs.txt')
  if (executable === undefined) return { error: 'no Python environment' }
  say(engine)
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'edges.u32'), Uint32Array.from([...sources, ...targets]))
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ engine, nodes, threads: os.availableParallelism(), ...WALKS }))
    try {
      const found = runPython<Peer>(executable, 'graphs.py', folder)
      const file = path.join(folder, `${engine}.f32`)
      return existsSync(file) ? { ...found, vectors: new Float32Array(Uint8Array.from(readFileSync(file)).buffer) } : found
    } catch (error) {
      return { error: `it ended its process: ${String(error).slice(0, 200)}` }
    }
  })
}

/** GraphWave by numpy. */
export async function numpyGraphwave({ nodes, sources, targets }: Edges): Promise<{ seconds: number } | undefined> {
  const executable = python()
  if (executable === undefined) return undefined
  say('numpy')
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'edges.u32'), Uint32Array.from([...sources, ...targets]))
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ nodes, scales: [2.5, 5], points: 25 }))
    return runPython<{ seconds: number }>(executable, 'graphwave.py', folder)
  })
}
