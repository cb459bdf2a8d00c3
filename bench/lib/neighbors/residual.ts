import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ResidualTree, type ResidualNeighbors, type ResidualSearchOptions } from 'canopy-engine'
import { withFolder } from '../paths.js'
import { python, runPython } from '../peers/python.js'
import { say } from '../result.js'
import { milliseconds, round } from '../time.js'
import { gaussian, sample, type Workload } from './data.js'
import { share } from './euclidean.js'
import type { Row } from './row.js'
import { Oracle, type PlainKernel } from './oracle.js'

/** What is measured besides the workload. */
export interface ResidualSettings {
  kernel: PlainKernel
  /** Inducing points. */
  m: number
  runs: number
  /** What stands in front of the residual kernel. */
  gate: NonNullable<ResidualSearchOptions['gate']>
  peers: boolean
}

/** Times of a residual search, and what it found. */
export interface ResidualRow extends Row {
  v_s?: number
  exact_query_s?: number
  exact_pred_s?: number
  gate1_candidates?: number
  gate1_kept?: number
  gate1_pruned?: number
  sgemm_gflops?: number
  /** The share of the predecessors that was really computed; times are in proportion. */
  sampled?: number
}

/** Rows whose predecessors are compared with plain loops in double precision. */
const CHECKED = 256
/** Beyond this many points the plain loops would take minutes; the engine's own audit against all pairs stands in. */
const ORACLE_POINTS = 70_000
/** covertreex took 9.5 GB for 32,768 points. */
const COVERTREEX_POINTS = 40_000

/** Our tree from Node, then, if they are asked for, others on the same points and inducing points. */
export async function residual(work: Workload, settings: ResidualSettings): Promise<[ResidualRow, ...ResidualRow[]]> {
  const inducing = Float64Array.from(inducingPoints(work, settings.m))
  const row = await ours(work, settings, inducing)
  return settings.peers ? [row, ...(await others(work, settings, inducing))] : [row]
}

async function ours(work: Workload, { kernel, runs, gate }: ResidualSettings, inducing: Float64Array): Promise<ResidualRow> {
  const { points, queries, dim, k, n } = work
  /** Seconds of the shortest run; answers aren't kept, as one of a million points takes 400 MB. */
  const best = async (call: () => Promise<ResidualNeighbors>): Promise<number> => {
    let least = Infinity
    for (let i = 0; i < runs; i += 1) least = Math.min(least, await milliseconds(call))
    return round(least / 1000)
  }
  const build = () => ResidualTree.build(points, { dim, kernel, inducing })
  let tree = await build()
  let report = await tree.report()
  for (let i = 1; i < runs; i += 1) {
    await tree.close()
    tree = await build()
    const again = await tree.report()
    if (again.buildS < report.buildS) report = again
  }
  const row: ResidualRow = {
    engine: 'canopy',
    build_s: round(report.buildS),
    v_s: round(report.vS),
    query_s: await best(() => tree.knn(queries, k, { gate })),
    all_pred_s: await best(() => tree.predecessors(k, { gate })),
    // The most this process has held so far, Node and all: nothing else has run in it.
    rss_mb: Math.round((process.resourceUsage().maxRSS * 1024) / 1e6),
  }
  const large = n > ORACLE_POINTS
  const found = await tree.predecessors(k, large ? { gate: 'audit', audit: 256 } : { gate })
  const { candidates, kept, pruned } = found.report.gate
  Object.assign(row, { gate1_candidates: candidates, gate1_kept: kept, gate1_pruned: pruned })
  try {
    if (large) return { ...row, ...(found.report.audit === null ? {} : { recall: found.report.audit.recall, recall_bound: found.report.audit.recallBound }) }
    row.exact_query_s = await best(() => tree.knn(queries, k, { exact: true }))
    if (n <= 40_000) row.exact_pred_s = await best(() => tree.predecessors(k, { exact: true }))
    say('checking against plain loops in double precision')
    const oracle = new Oracle(kernel, points, dim, inducing, report.jitter)
    return { ...row, ...check(work, oracle, sample(n, CHECKED), (i) => found.ids.subarray(i * k, (i + 1) * k)) }
  } finally {
    await tree.close()
  }
}

/** Points moved a little, so that no residual variance is exactly the jitter. */
function inducingPoints({ points, n, dim }: Workload, m: number): Float32Array {
  const noise = gaussian(m, dim, 3)
  const rows = sample(n, m)
  return noise.map((value, i) => value * 0.05 + (points[(rows[Math.floor(i / dim)] ?? 0) * dim + (i % dim)] ?? 0))
}

/** The share of the true predecessors of some rows that are among the ids found for them; a tie counts as found. */
function check({ k, points }: Workload, oracle: Oracle, rows: readonly number[], ids: (row: number) => Uint32Array): { recall: number; recall_bound: number } {
  let [found, wanted] = [0, 0]
  for (const row of rows) {
    const strengths = oracle.strengths(points, row, row)
    const count = Math.min(k, row)
    const least = strengths.toSorted().at(-count) ?? 0
    wanted += count
    if (count > 0) for (const id of ids(row)) found += Number((strengths[id] ?? -1) >= least * (1 - 1e-6))
  }
  return share(Math.min(found, wanted), wanted)
}

async function others(work: Workload, { kernel, m, runs }: ResidualSettings, inducing: Float64Array): Promise<ResidualRow[]> {
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'points.f32'), work.points)
    writeFileSync(path.join(folder, 'queries.f32'), work.queries)
    writeFileSync(path.join(folder, 'inducing.f64'), inducing)
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ n: work.n, dim: work.dim, k: work.k, m, runs, ...kernel }))
    const run = (engine: string, ...environment: Parameters<typeof python>): ResidualRow => {
      const executable = python(...environment)
      if (executable === undefined) return { engine, error: 'no Python environment for it here' }
      say(engine)
      return { engine, ...runPython<Omit<ResidualRow, 'engine'>>(executable, 'residual.py', folder, engine) }
    }
    const numpy = { ...run('numpy'), engine: 'numpy (blocked matrix products)' }
    if (work.n > COVERTREEX_POINTS) return [numpy, { engine: 'covertreex', error: `not run above ${COVERTREEX_POINTS} points: it takes 9.5 GB for 32,768` }]
    return [numpy, run('covertreex', 'covertreex.txt', [3, 12])]
  })
}
