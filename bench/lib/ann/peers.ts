import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { python, runPython } from '../peers/python.js'
import { say } from '../result.js'
import type { Native, Point } from './native.js'
import type { VectorSet } from './sets.js'

/** Another engine on the same vectors and queries. */
export interface Peer {
  name: string
  version?: string
  build_s?: number
  bytes?: number
  points?: Point[]
  error?: string
}

/** Engines of bench/peers/ann.py, by the names they have there. */
const ENGINES = ['hnswlib', 'faiss-hnsw-sq8', 'faiss-ivf-pq', 'usearch', 'symphonyqg', 'symphonyqg-8bit', 'glass', 'svs']

/** The engines that Python users have, each in a process of its own: one that ends its process leaves the others. */
export function pythonPeers(set: VectorSet, { n, dim }: Native, runs: number, folder: string): Peer[] {
  const executable = python('ann.txt')
  if (executable === undefined) return ENGINES.map((name) => ({ name, error: 'no Python environment' }))
  return ENGINES.map((name) => {
    say(`${name}, by Python`)
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ n, dim, metric: set.metric, runs, engines: [name] }))
    try {
      return { name, ...runPython<Record<string, Omit<Peer, 'name'>>>(executable, 'ann.py', folder)[name] }
    } catch (error) {
      return { name, error: `it ended its process: ${String(error).slice(0, 200)}` }
    }
  })
}

/** The ways to search that were measured in Rust, a row each. */
export function rustPeers({ peers = [] }: Native): Peer[] {
  const names = [...new Set(peers.map(({ name }) => name))]
  return names.map((name) => {
    const rows = peers.filter((row) => row.name === name)
    const points = rows.map(({ k, breadth, recall_k, recall_1_at_k, p50_ms, p95_ms }): Point => {
      const recall = k === 100 ? { recall_100_at_100: recall_k, recall_1_at_100: recall_1_at_k } : { recall_10: recall_k }
      return { k, ef: breadth, ...recall, p50_ms, p95_ms }
    })
    return { name, build_s: rows[0]?.build_s ?? 0, bytes: rows[0]?.bytes ?? 0, points }
  })
}
