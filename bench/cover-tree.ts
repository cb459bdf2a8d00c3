// canopy bench cover-tree: exact neighbours from Node, with other libraries beside us in the same run.
//
//   canopy bench cover-tree [--metric euclidean] [-n 32768] [-d 3] [-k 8] [--queries 1024] [--runs 3] [--peers] [--json] [--no-record]

import { parseArgs } from 'node:util'
import { workload } from './lib/neighbors/data.js'
import { euclidean, type Row } from './lib/neighbors/euclidean.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      ...COMMON_OPTIONS,
      metric: { type: 'string', default: 'euclidean' },
      points: { type: 'string', short: 'n', default: '32768' },
      dim: { type: 'string', short: 'd', default: '3' },
      neighbors: { type: 'string', short: 'k', default: '8' },
      queries: { type: 'string', default: '1024' },
      runs: { type: 'string', default: '3' },
      peers: { type: 'boolean', default: false },
    },
  })
  const { metric, peers } = values
  if (metric !== 'euclidean') throw new TypeError(`there is no metric "${metric}" (euclidean)`)
  const [n, dim, k, queries, runs] = [values.points, values.dim, values.neighbors, values.queries, values.runs].map(Number) as [number, number, number, number, number]
  say(`${n} Gaussian points of ${dim} coordinates, k = ${k}, ${queries} queries`)
  const rows = await euclidean(workload(n, dim, k, queries), runs, peers)
  const [own, ...others] = rows as [Row, ...Row[]]
  const checks: Check[] = [{ name: 'recall', value: own.recall ?? 0, unit: '', direction: 'at least', must: 1 }]
  const best = (of: (row: Row) => number | undefined): number => Math.min(...others.map((row) => of(row) ?? Infinity))
  if (others.some(({ error }) => error === undefined)) {
    const ratio = best(({ all_knn_s }) => all_knn_s) / (own.all_knn_s ?? Infinity)
    checks.push({ name: 'all-kNN, times faster than the best peer', value: ratio, unit: '×', direction: 'at least', goal: dim >= 8 ? 2 : 0.5 })
  }
  const skipped = peers ? others.flatMap(({ engine, error }) => (error === undefined ? [] : [`${engine}: ${error}`])) : ['peers: not asked for (--peers)']
  finish({ bench: 'cover-tree', options: { metric, n, dim, k, queries, runs, peers }, figures: { ...own, peers: others }, checks, skipped }, values)
}
