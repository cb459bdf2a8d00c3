// canopy bench graph: GraphWave, walks, Node2Vec, Adamic–Adar and /explain from Node, with numpy, GRAPE, gensim and networkx beside us in the same run.
//
//   canopy bench graph [-n 10000] [--large 100000] [--peers] [--no-graphwave] [--json] [--no-record]

import { parseArgs } from 'node:util'
import { Graph } from 'canopy-engine'
import { barabasiAlbert } from './lib/graphs/data.js'
import { explained } from './lib/graphs/explain.js'
import { linkPrediction, split } from './lib/graphs/links.js'
import { graphPeer, numpyGraphwave, WALKS, type Peer } from './lib/graphs/peers.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { milliseconds, round } from './lib/time.js'

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, nodes: { type: 'string', short: 'n', default: '10000' }, large: { type: 'string', default: '100000' }, graphwave: { type: 'boolean', default: true }, peers: { type: 'boolean', default: false } } })
  const [nodes, large] = [Number(values.nodes), Number(values.large)]
  const small = barabasiAlbert(nodes, 4, 42)
  const graph = await Graph.build(small)
  const walked = { walks: WALKS.walks, length: WALKS.length }
  const checks: Check[] = []
  const skipped: string[] = []
  const figures: Record<string, unknown> = {}

  const best = async (runs: number, work: () => Promise<unknown>): Promise<number> => {
    let least = Infinity
    for (let i = 0; i < runs; i += 1) least = Math.min(least, await milliseconds(work))
    return least / 1000
  }

  if (values.graphwave) {
    say('GraphWave')
    const settings = { scales: [2.5, 5], points: 25, tolerance: 1e-8 }
    const made = await graph.graphwave(settings)
    const seconds = await best(2, () => graph.graphwave(settings))
    figures['graphwave_s'] = round(seconds)
    checks.push({ name: `GraphWave, ${nodes} nodes, tolerance 1e-8`, value: seconds, unit: 's', direction: 'at most', goal: 4 })
    // Exact arithmetic by a dense decomposition takes cubic time: on a smaller graph of the same kind.
    const few = Math.min(nodes, 1000)
    const smaller = few === nodes ? graph : await Graph.build(barabasiAlbert(few, 4, 42))
    const [rows, exact] = [few === nodes ? made.rows : (await smaller.graphwave(settings)).rows, (await smaller.graphwave({ ...settings, exact: true })).rows]
    checks.push({ name: `GraphWave, ${few} nodes, furthest from exact arithmetic`, value: rows.reduce((most, value, i) => Math.max(most, Math.abs(value - (exact[i] ?? 0))), 0), unit: '', direction: 'at most', must: 1e-8 })
    if (values.peers) {
      const peer = await numpyGraphwave(small)
      figures['numpy'] = peer
      if (peer !== undefined) checks.push({ name: 'GraphWave, times faster than numpy in blocks', value: peer.seconds / seconds, unit: '×', direction: 'at least', goal: 25 })
    }
    if (large > 0) {
      const big = await Graph.build(barabasiAlbert(large, 4, 42))
      let most = 0
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50)
      const took = (await milliseconds(() => big.graphwave({ ...settings, tolerance: 1e-4 }))) / 1000
      clearInterval(watch)
      checks.push({ name: `GraphWave, ${large} nodes, tolerance 1e-4`, value: took, unit: 's', direction: 'at most', goal: 120 }, { name: `GraphWave, ${large} nodes, memory of the whole process`, value: most / 1e6, unit: 'MB', direction: 'at most', goal: 2000 })
    }
  } else skipped.push('GraphWave: --no-graphwave')

  say('walks')
  const ba = barabasiAlbert(nodes, 5, 42)
  const whole = await Graph.build(ba)
  const walk_s = await best(3, () => whole.walks({ ...walked, p: 0.5, q: 2 }))
  checks.push({ name: `walks, ${nodes} nodes, 10 × 40, p = 0.5, q = 2`, value: (nodes * WALKS.walks) / walk_s, unit: 'walks/s', direction: 'at least', goal: 300_000 })

  say('Node2Vec')
  const { training, held } = split(ba)
  const learned = await Graph.build(training)
  let vectors = new Float32Array(0)
  const node2vec_s = await best(2, async () => (vectors = (await learned.node2vec({ ...walked, dim: WALKS.dim, window: WALKS.window, negatives: WALKS.negatives })).vectors as typeof vectors))
  const { auc, cosine } = linkPrediction(vectors, WALKS.dim, training, held)
  checks.push({ name: `Node2Vec, whole training, ${nodes} nodes, 10 × 40 walks, 128 values`, value: node2vec_s, unit: 's', direction: 'at most', goal: 4 })

  say('Adamic–Adar')
  const all = { minScore: 0, top: nodes }
  const found = await graph.adamicAdar(all)
  const suggest_s = await best(2, () => graph.adamicAdar(all))
  Object.assign(figures, { walks_per_s: Math.round((nodes * WALKS.walks) / walk_s), node2vec_s: round(node2vec_s), node2vec_auc: round(auc), node2vec_cosine_auc: round(cosine), adamic_adar: { seconds: round(suggest_s), pairs: found.scores.length } })
  if (values.peers) {
    for (const engine of ['grape', 'gensim'] as const) {
      const { vectors: theirs, ...peer } = await graphPeer(engine, training)
      const judged = theirs === undefined ? undefined : linkPrediction(theirs, WALKS.dim, training, held)
      figures[engine] = judged === undefined ? peer : { ...peer, auc: round(judged.auc), cosine_auc: round(judged.cosine) }
      if (peer.error !== undefined || judged === undefined) skipped.push(`${engine}: ${peer.error ?? 'no vectors'}`)
      // One seed or another moves an area by some thousandths.
      else checks.push({ name: `Node2Vec, area under the curve over ${engine}'s`, value: auc - judged.auc, unit: '', direction: 'at least', goal: -0.005 }, { name: `Node2Vec, times faster than ${engine}`, value: (peer.seconds ?? 0) / node2vec_s, unit: '×', direction: 'at least', goal: 1 })
    }
    const peer: Peer = await graphPeer('networkx', small)
    figures['networkx'] = peer
    if (peer.error === undefined) {
      const sum = found.scores.reduce((total, score) => total + score, 0)
      checks.push({ name: 'Adamic–Adar, times faster than networkx', value: (peer.seconds ?? 0) / suggest_s, unit: '×', direction: 'at least', goal: 1 }, { name: 'Adamic–Adar, sum of scores off networkx, relative', value: Math.abs(sum / (peer.sum ?? 0) - 1), unit: '', direction: 'at most', must: 1e-9 })
    } else skipped.push(`networkx: ${peer.error}`)
  } else skipped.push('peers (numpy, GRAPE, gensim, networkx): not asked for (--peers)')

  say('/explain')
  const around = large > 0 ? large : nodes
  const explain = await explained(barabasiAlbert(around, 4, 7))
  checks.push({ name: `/explain, P95 over HTTP, ${around} nodes`, value: explain.p95, unit: 'ms', direction: 'at most', goal: 20 }, { name: `/explain right after a change, P95 over HTTP, ${around} nodes`, value: explain.changed.p95, unit: 'ms', direction: 'at most', goal: 20 })
  finish({ bench: 'graph', options: { nodes, large, peers: values.peers }, figures: { ...figures, explain }, checks, skipped }, values)
}
