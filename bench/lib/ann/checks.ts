import type { Check } from '../result.js'
import type { FromNode } from './node.js'
import type { Native, Point } from './native.js'
import type { Peer } from './peers.js'

/** What was promised for a set: milliseconds at a recall, and seconds of the build. */
interface Goals {
  recall_10?: [least: number, p50: number, p95: number]
  recall_100_at_100: [least: number, p50: number, p95: number]
  build_s: number
}

const PROMISED: Record<string, Goals> = {
  'fashion-mnist': { recall_10: [0.97, 0.026, 0.035], recall_100_at_100: [0.99, 0.087, 0.115], build_s: 4 },
  wordnet: { recall_10: [0.95, 0.048, 0.061], recall_100_at_100: [0.92, 0.104, 0.131], build_s: 9.5 },
  'clustered-1m': { recall_100_at_100: [0.97, 0.12, 0.19], build_s: 90 },
}
/** What is asked of a set that nothing was promised for. */
const LEAST = { recall_10: 0.95, recall_100_at_100: 0.92 }
/** Times as fast as the best of the others, and as hnswlib, at the same recall. */
const BEST = 1.15
const HNSWLIB = 4

type Recall = keyof typeof LEAST

/** The fastest point that finds enough. */
export function fastest(points: readonly Point[], recall: Recall, least: number): Point | undefined {
  return points.filter((point) => (point[recall] ?? 0) >= least).toSorted((a, b) => a.p50_ms - b.p50_ms)[0]
}

/** The point at which a set is compared. */
export function chosen(name: string, points: readonly Point[], recall: Recall): Point | undefined {
  return fastest(points, recall, PROMISED[name]?.[recall]?.[0] ?? LEAST[recall])
}

/** Everything that is promised, with its figure. */
export function checks(name: string, ours: Native, node: FromNode, peers: readonly Peer[]): Check[] {
  return [...searches(name, ours, peers), ...filters(ours), ...rest(name, ours, node)]
}

function searches(name: string, ours: Native, peers: readonly Peer[]): Check[] {
  return (['recall_10', 'recall_100_at_100'] as const).flatMap((recall): Check[] => {
    const promised = PROMISED[name]?.[recall]
    const least = promised?.[0] ?? LEAST[recall]
    const own = fastest(ours.points, recall, least)
    const title = `${recall} ≥ ${least}`
    const found: Check[] = [{ name: `${recall}, best measured`, value: Math.max(0, ...ours.points.map((point) => point[recall] ?? 0)), unit: '', direction: 'at least', goal: least, must: LEAST[recall] }]
    if (own === undefined) return found
    if (promised !== undefined) {
      found.push({ name: `${title}: P50`, value: own.p50_ms, unit: 'ms', direction: 'at most', goal: promised[1] })
      found.push({ name: `${title}: P95`, value: own.p95_ms, unit: 'ms', direction: 'at most', goal: promised[2], must: 20 })
    }
    const times = peers.flatMap((peer) => {
      const point = fastest(peer.points ?? [], recall, least)
      return point === undefined ? [] : [{ name: peer.name, p50: point.p50_ms }]
    })
    const [best] = times.filter((peer) => !OWN.has(peer.name)).toSorted((a, b) => a.p50 - b.p50)
    const hnswlib = times.find((peer) => peer.name === 'hnswlib')
    if (best !== undefined) found.push({ name: `${title}: times as fast as ${best.name}, the best peer`, value: best.p50 / own.p50_ms, unit: '×', direction: 'at least', goal: BEST })
    if (hnswlib !== undefined) found.push({ name: `${title}: times as fast as hnswlib`, value: hnswlib.p50 / own.p50_ms, unit: '×', direction: 'at least', goal: HNSWLIB })
    return found
  })
}

/** Ways of this library: beside the peers in the table, never the best of them. */
const OWN = new Set(['ivf-pq', 'hybrid'])

function filters({ filters: rows }: Native): Check[] {
  const all = rows.find(({ one_in }) => one_in === 1)
  return rows.flatMap(({ one_in, recall_10, p50_ms }): Check[] => {
    if (one_in === 100) {
      return [
        { name: 'filter of 1 %: recall_10', value: recall_10, unit: '', direction: 'at least', goal: 0.95 },
        { name: 'filter of 1 %: rate beside the unfiltered', value: (all?.p50_ms ?? 0) / p50_ms, unit: '×', direction: 'at least', goal: 0.25 },
      ]
    }
    return one_in === 1000 ? [{ name: 'filter of 0.1 %: P50', value: p50_ms, unit: 'ms', direction: 'at most', goal: 1 }] : []
  })
}

function rest(name: string, ours: Native, node: FromNode): Check[] {
  const build = PROMISED[name]?.build_s
  return [
    ...(build === undefined ? [] : [{ name: 'build', value: ours.build_s, unit: 's', direction: 'at most', goal: build } as const]),
    { name: 'bytes beside the vectors, a vector', value: ours.graph_bytes / ours.n, unit: 'B', direction: 'at most', goal: 600 },
    { name: 'opening the file', value: ours.file.open_ms, unit: 'ms', direction: 'at most', goal: 50 },
    { name: 'an awaited search from Node, beyond the native one', value: node.beyond_native_us, unit: 'µs', direction: 'at most', goal: 30 },
    { name: 'event loop blocked by 10,000 inserts, longest', value: node.inserts.blockedMs, unit: 'ms', direction: 'at most', goal: 5 },
  ]
}
