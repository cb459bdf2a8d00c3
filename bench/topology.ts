// canopy bench topology: persistence diagrams and the layer that follows edits, with GUDHI beside us in the same run.
//
//   canopy bench topology [--runs 5] [--peers] [--json] [--no-record]

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { TopologyLayer, persistence, type PersistenceDiagram } from 'canopy-engine'
import { neighbourGraph } from './lib/graphs/data.js'
import { withFolder } from './lib/paths.js'
import { python, runPython } from './lib/peers/python.js'
import { random } from './lib/random.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { milliseconds, round } from './lib/time.js'

type Filtered = ReturnType<typeof neighbourGraph>

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
  figures['random_edits'] = await followed(neighbourGraph(1000, K, 7), checks)
  skipped.push('edits of whole communities at 1, 10 and 20 %: measured by cargo run -p canopy-topology --example persistence')
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

/** Random edits followed, against building anew; the layer chooses the cheaper way. */
async function followed(graph: Filtered, checks: Check[]): Promise<Record<string, number>> {
  const next = random(3)
  const found: Record<string, number> = {}
  for (const percent of [1, 10, 20]) {
    const count = Math.floor((graph.sources.length * percent) / 100)
    const chosen = Uint32Array.from({ length: count }, () => Math.floor(next() * graph.sources.length))
    const changes = { sources: chosen.map((at) => graph.sources[at] ?? 0), targets: chosen.map((at) => graph.targets[at] ?? 0), weights: Float64Array.from(chosen, (at) => (graph.weights[at] ?? 0) * (0.5 + next())) }
    const layer = await TopologyLayer.build(graph)
    const update = await milliseconds(() => layer.update(changes))
    const anew = await milliseconds(() => TopologyLayer.build(graph))
    found[`${percent} %`] = round(anew / update)
    checks.push({ name: `random edits of ${percent} %, times faster than anew`, value: anew / update, unit: '×', direction: 'at least', goal: 0.95 })
  }
  return found
}
