import { CoverTree, ResidualTree } from 'canopy-engine'
import { say } from '../result.js'
import { milliseconds, round } from '../time.js'
import { workload } from './data.js'

/** What a suite measures at one size. */
export interface SuiteRow {
  metric: 'euclidean' | 'residual'
  /** The order in which points were given. */
  order: Order
  n: number
  build_s: number
  query_s: number
  all_pred_s: number
  /** The share of pairs that the gate spared. */
  pruned?: number
  recall?: number | null
}

/** As drawn, by the first coordinate, along a curve through cells. */
export type Order = 'random' | 'natural' | 'curve'

export const SUITE = [2048, 8192, 32_768]
export const SWEEP = [4096, 8192, 16_384, 32_768, 65_536]
const QUERIES = 1024
const M = 512

/** Both metrics at these sizes; each build and search writes its line of telemetry on standard error. */
export async function suite(sizes: readonly number[], orders: readonly Order[], dim: number, runs: number): Promise<SuiteRow[]> {
  const rows: SuiteRow[] = []
  for (const metric of ['euclidean', 'residual'] as const) {
    for (const n of sizes) for (const order of orders) rows.push(await measured(metric, n, order, dim, runs))
  }
  return rows
}

async function measured(metric: SuiteRow['metric'], n: number, order: Order, dim: number, runs: number): Promise<SuiteRow> {
  const k = metric === 'residual' ? 50 : 8
  const work = workload(n, dim, k, QUERIES)
  const points = ordered(work.points, dim, order)
  const best = async (call: () => Promise<unknown>): Promise<number> => {
    let least = Infinity
    for (let i = 0; i < runs; i += 1) least = Math.min(least, await milliseconds(call))
    return round(least / 1000)
  }
  if (metric === 'euclidean') {
    const build_s = await best(async () => (await CoverTree.build(points, { dim })).close())
    const tree = await CoverTree.build(points, { dim })
    say(await tree.telemetry())
    const row: SuiteRow = { metric, order, n, build_s, query_s: await best(() => tree.knn(work.queries, k)), all_pred_s: await best(() => tree.predecessors(k)) }
    await tree.close()
    return row
  }
  const tree = await ResidualTree.build(points, { dim, kernel: { kind: 'matern52', lengthscale: 1 }, inducing: { count: M } })
  say(await tree.telemetry())
  const { buildS } = await tree.report()
  const query_s = await best(() => tree.knn(work.queries, k))
  const all_pred_s = await best(() => tree.predecessors(k))
  const { report } = await tree.predecessors(k)
  say(await tree.telemetry(report))
  await tree.close()
  return { metric, order, n, build_s: round(buildS), query_s, all_pred_s, pruned: round(report.gate.pruned / Math.max(report.gate.candidates, 1)), recall: report.audit?.recall ?? null }
}

/** The slope of log(seconds) over log(points): 1 where twice the points take twice the time. */
export function exponent(rows: readonly SuiteRow[], metric: SuiteRow['metric']): number {
  const points = rows.filter((row) => row.metric === metric).map(({ n, all_pred_s }) => [Math.log(n), Math.log(all_pred_s)] as const)
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const [up, down] = points.reduce(([up, down], [a, b]) => [up + (a - x) * (b - y), down + (a - x) ** 2], [0, 0])
  return up / down
}

/** Columns for people. */
export function table(rows: readonly SuiteRow[]): string[] {
  const cells = rows.map((row) => [row.metric, row.order, row.n, row.build_s, row.query_s, row.all_pred_s, row.pruned ?? '-', row.recall ?? '-'].map((cell) => String(cell).padEnd(10)).join(' '))
  return [['metric', 'order', 'n', 'build s', 'query s', 'all pred s', 'pruned', 'recall'].map((cell) => cell.padEnd(10)).join(' '), ...cells]
}

function ordered(points: Float32Array, dim: number, order: Order): Float32Array {
  if (order === 'random') return points
  const key = order === 'natural' ? (row: number) => points[row * dim] ?? 0 : (row: number) => cell(points.subarray(row * dim, (row + 1) * dim))
  const keys = Float64Array.from({ length: points.length / dim }, (_, row) => key(row))
  const rows = Array.from(keys.keys()).toSorted((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
  return Float32Array.from(rows.flatMap((row) => Array.from(points.subarray(row * dim, (row + 1) * dim))))
}

/** The bits of the coordinates' cells in turn (Morton), 8 bits each of the first six. */
function cell(point: Float32Array): number {
  let key = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    for (const value of point.subarray(0, 6)) key = key * 2 + (Math.min(Math.max(Math.floor((value + 4) * 32), 0), 255) >> bit & 1)
  }
  return key
}
