import { CoverTree, ResidualTree } from 'canopy-engine'
import { say } from '../result.js'
import { milliseconds, round } from '../time.js'
import { workload } from './data.js'
import { ordered, type Order } from './orders.js'

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

/** Columns for people: one for each field, as wide as what stands in it. */
export function table(rows: readonly object[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [names, ...rows.map((row) => names.map((name) => String((row as Record<string, unknown>)[name] ?? '-')))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? '').length)))
  return cells.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}
