// canopy bench topology: persistence diagrams and the layer that follows edits, with GUDHI beside us in the same run. Fails where edits of whole communities
// are followed less than twice as fast as building anew.
//
//   canopy bench topology [--runs 5] [--peers] [--json] [--no-record]

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { persistence, type PersistenceDiagram } from 'canopy-engine'
import { neighbourGraph, type Filtered } from './lib/graphs/data.js'
import { communities, followed, uniform } from './lib/graphs/edits.js'
import { withFolder } from './lib/paths.js'
import { python, runPython } from './lib/peers/python.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { milliseconds } from './lib/time.js'

/** What GUDHI says: its time, and its bars as rows of dimension, birth and death. */
interface Peer {
  version?: string
  ms?: number
  bars?: [number, number, number | null][]
  error?: string
}

const K = 15
const GOALS = { 1000: 10, 5000: 60 } as const

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, runs: { type: 'string', default: '5' }, peers: { type: 'boolean', default: false } } })
  const runs = Number(values.runs)
  const [checks, skipped, figures]: [Check[], string[], Record<string, unknown>] = [[], [], {}]
  for (const nodes of [1000, 5000] as const) {
    const graph = neighbourGraph(nodes, K, 7)
    say(`${nodes} nodes, ${graph.sources.length} edges`)
    const diagram = await persistence(graph)
    let ms = Infinity
    for (let i = 0; i < runs; i += 1) ms = Math.min(ms, await milliseconds(() => persistence(graph)))
    checks.push({ name: `H0 + H1, ${nodes} nodes, k = ${K}`, value: ms, unit: 'ms', direction: 'at most', goal: GOALS[nodes] })
    if (!values.peers) continue
    const peer = await gudhi(graph, runs)
    figures[`gudhi_${nodes}`] = { version: peer.version, ms: peer.ms, error: peer.error }
    if (peer.error !== undefined) skipped.push(`GUDHI: ${peer.error}`)
    else checks.push({ name: `bars that differ from GUDHI's, ${nodes} nodes`, value: differing(diagram, peer.bars ?? []), unit: 'bars', direction: 'at most', must: 0 }, { name: `times faster than GUDHI, ${nodes} nodes`, value: (peer.ms ?? 0) / ms, unit: '×', direction: 'at least', goal: 2 })
  }
  if (!values.peers) skipped.push('peers: not asked for (--peers)')
  for (const [kind, graph, choose] of [['whole communities', neighbourGraph(1000, K, 7, 25), communities], ['random edges', neighbourGraph(1000, K, 7), uniform]] as const) {
    for (const percent of [1, 10, 20]) {
      say(`edits of ${kind}, ${percent} %`)
      const { speedup, reached } = await followed(graph, choose(graph, Math.floor((graph.sources.length * percent) / 100)), Math.min(runs, 3))
      figures[`${kind} ${percent} %`] = { speedup, reached }
      const bounds = kind === 'random edges' ? { goal: 0.95 } : { goal: percent === 1 ? 10 : 2, must: 2 }
      checks.push({ name: `edits of ${kind}, ${percent} %, times faster than anew`, value: speedup, unit: '×', direction: 'at least', ...bounds })
    }
  }
  finish({ bench: 'topology', options: { runs, peers: values.peers }, figures, checks, skipped }, values)
}

async function gudhi({ nodes, sources, targets, weights }: Filtered, runs: number): Promise<Peer> {
  const executable = python()
  if (executable === undefined) return { error: 'no Python environment' }
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'edges.json'), JSON.stringify({ nodes, runs, sources: [...sources], targets: [...targets], weights: [...weights] }))
    return runPython<Peer>(executable, 'persistence.py', folder)
  })
}

/** Bars of one diagram that the other lacks; bars of no length are left out, as GUDHI leaves them out. */
function differing({ dimensions, births, deaths }: PersistenceDiagram, bars: readonly [number, number, number | null][]): number {
  const key = (dimension: number, birth: number, death: number | null): string => `${dimension} ${birth} ${death === null || death === Infinity ? '∞' : death}`
  const counts = new Map<string, number>()
  for (const [i, dimension] of dimensions.entries()) if (births[i] !== deaths[i]) counts.set(key(dimension, births[i] ?? 0, deaths[i] ?? 0), (counts.get(key(dimension, births[i] ?? 0, deaths[i] ?? 0)) ?? 0) + 1)
  for (const [dimension, birth, death] of bars) counts.set(key(dimension, birth, death), (counts.get(key(dimension, birth, death)) ?? 0) - 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0)
}
