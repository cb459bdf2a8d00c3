// canopy bench graph: GraphWave, Node2Vec and /explain from Node, with numpy's GraphWave beside us in the same run.
//
//   canopy bench graph [-n 10000] [--large 100000] [--peers] [--json] [--no-record]

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Graph, open } from 'canopy-engine'
import { loadConfig } from '#dist/config/load.js'
import { startServer } from '#dist/server/start.js'
import { barabasiAlbert, type Edges } from './lib/graphs/data.js'
import { withFolder } from './lib/paths.js'
import { python, runPython } from './lib/peers/python.js'
import { shuffled } from './lib/random.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { milliseconds, round, timing } from './lib/time.js'

/** Links held back to judge vectors by. */
const HELD = 0.1

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, nodes: { type: 'string', short: 'n', default: '10000' }, large: { type: 'string', default: '100000' }, graphwave: { type: 'boolean', default: true }, peers: { type: 'boolean', default: false } } })
  const [nodes, large] = [Number(values.nodes), Number(values.large)]
  const small = barabasiAlbert(nodes, 4, 42)
  const graph = await Graph.build(small)
  const checks: Check[] = []
  const skipped = ['GRAPE, gensim, networkx: not in bench/peers yet', 'walks/s: measured by cargo run -p canopy-graph --example node2vec']
  const figures: Record<string, unknown> = {}

  say('GraphWave')
  const settings = { scales: [2.5, 5], points: 25, tolerance: 1e-8 }
  const graphwave_s = round((await milliseconds(() => graph.graphwave(settings))) / 1000)
  checks.push({ name: `GraphWave, ${nodes} nodes, tolerance 1e-8`, value: graphwave_s, unit: 's', direction: 'at most', goal: 4 })
  if (values.peers) {
    const peer = await numpyGraphwave(small)
    figures['numpy'] = peer
    const seconds = peer?.seconds
    if (seconds !== undefined) checks.push({ name: 'GraphWave, times faster than numpy in blocks', value: seconds / graphwave_s, unit: '×', direction: 'at least', goal: 25 })
  } else skipped.push('peers: not asked for (--peers)')
  if (values.graphwave && large > 0) {
    const big = await Graph.build(barabasiAlbert(large, 4, 42))
    const before = process.memoryUsage.rss()
    const seconds = (await milliseconds(() => big.graphwave({ ...settings, tolerance: 1e-4 }))) / 1000
    checks.push({ name: `GraphWave, ${large} nodes, tolerance 1e-4`, value: seconds, unit: 's', direction: 'at most', goal: 120 })
    figures['graphwave_large_mb'] = Math.round((process.memoryUsage.rss() - before) / 1e6)
  }

  say('Node2Vec')
  const { training, held } = split(barabasiAlbert(nodes, 5, 42))
  const walks = await Graph.build(training)
  let vectors = new Float32Array(0)
  const first = await milliseconds(async () => (vectors = (await walks.node2vec()).vectors as typeof vectors))
  const node2vec_s = Math.min(first, await milliseconds(() => walks.node2vec())) / 1000
  checks.push({ name: `Node2Vec, whole training, ${nodes} nodes, 10 × 40 walks, 128 values`, value: node2vec_s, unit: 's', direction: 'at most', goal: 4 })
  figures['node2vec_auc'] = round(area(vectors, 128, nodes, held))

  say('/explain')
  const explain = await explained(barabasiAlbert(large > 0 ? large : nodes, 4, 7))
  checks.push({ name: `/explain, P95 over HTTP, ${large} nodes`, value: explain.p95, unit: 'ms', direction: 'at most', goal: 20 })
  finish({ bench: 'graph', options: { nodes, large, peers: values.peers }, figures: { ...figures, graphwave_s, node2vec_s: round(node2vec_s), explain }, checks, skipped }, values)
}

async function numpyGraphwave({ nodes, sources, targets }: Edges): Promise<{ seconds: number } | undefined> {
  const executable = python()
  if (executable === undefined) return undefined
  say('numpy')
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'edges.u32'), Uint32Array.from([...sources, ...targets]))
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ nodes, scales: [2.5, 5], points: 25 }))
    return runPython<{ seconds: number }>(executable, 'graphwave.py', folder)
  })
}

/** Edges to learn from, and those held back. */
function split({ nodes, sources, targets }: Edges): { training: Edges; held: [number, number][] } {
  const order = shuffled([...sources.keys()], 5)
  const kept = order.slice(Math.floor(order.length * HELD))
  return {
    training: { nodes, sources: Uint32Array.from(kept, (i) => sources[i] ?? 0), targets: Uint32Array.from(kept, (i) => targets[i] ?? 0) },
    held: order.slice(0, Math.floor(order.length * HELD)).map((i) => [sources[i] ?? 0, targets[i] ?? 0]),
  }
}

/** How often a link held back has a higher cosine than a random pair. */
function area(vectors: Float32Array, dim: number, nodes: number, held: readonly [number, number][]): number {
  const cosine = (a: number, b: number): number => {
    let [dot, x, y] = [0, 0, 0]
    for (let c = 0; c < dim; c += 1) {
      const [u, v] = [vectors[a * dim + c] ?? 0, vectors[b * dim + c] ?? 0]
      dot += u * v
      x += u * u
      y += v * v
    }
    return dot / Math.sqrt(x * y)
  }
  const order = shuffled([...Array(nodes).keys()], 9)
  const others = held.map((_, i) => cosine(order[(2 * i) % nodes] ?? 0, order[(2 * i + 1) % nodes] ?? 1)).toSorted((a, b) => a - b)
  let below = 0
  for (const [a, b] of held) {
    const score = cosine(a, b)
    let [low, high] = [0, others.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((others[middle] ?? 0) < score) low = middle + 1
      else high = middle
    }
    below += low / others.length
  }
  return below / held.length
}

/** Times of GET /explain on a kept graph; half of the nodes are among the first, which are hubs. */
async function explained({ nodes, sources, targets }: Edges) {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'edges.csv')
    writeFileSync(file, [...sources].map((source, i) => `${source},${targets[i]}\n`).join(''))
    const dir = path.join(folder, 'data')
    const db = await open(dir)
    const load_s = round((await milliseconds(async () => (await db.graphs().create('g')).load(file))) / 1000)
    await db.close()
    const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': dir, 'server.port': 0, 'log.level': 'silent', 'server.maxEventLoopDelayMs': 0 } })
    const server = await startServer(config, { signals: false })
    try {
      const ask = (node: number): Promise<number> => milliseconds(async () => {
        const answer = await fetch(`${server.url}/explain/${node}?hops=2&limit=50`)
        if (!answer.ok) throw new Error(await answer.text())
        await answer.arrayBuffer()
      })
      await ask(0)
      const samples: number[] = []
      for (let i = 0; i < 300; i += 1) samples.push(await ask(i % 2 === 0 ? i : (i * 7919) % nodes))
      return { ...timing(samples), load_s }
    } finally {
      await server.stop()
    }
  })
}
