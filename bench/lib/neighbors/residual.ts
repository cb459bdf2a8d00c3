import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ResidualTree, type ResidualNeighbors } from 'canopy-engine'
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
  peers: boolean
}

/** Times of a residual search, and what it found. */
export interface ResidualRow extends Row {
  v_s?: number
  exact_query_s?: number
  exact_pred_s?: number
  gate1_pruned?: number
  sgemm_gflops?: number
}

/** Rows whose predecessors are compared with plain loops in double precision. */
const CHECKED = 256
/** Beyond this many points the plain loops would take minutes; the engine's own audit against all pairs stands in. */
const ORACLE_POINTS = 70_000

/** Our tree from Node, then blocked matrix products in numpy, on the same points and inducing points. */
export async function residual(work: Workload, settings: ResidualSettings): Promise<ResidualRow[]> {
  const { points, queries, dim, k, n } = work
  const { kernel, m, runs } = settings
  const inducing = Float64Array.from(inducingPoints(work, m))
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
    query_s: await best(() => tree.knn(queries, k)),
    all_pred_s: await best(() => tree.predecessors(k)),
    // The most this process has held so far, Node and all: nothing else has run in it.
    rss_mb: Math.round((process.resourceUsage().maxRSS * 1024) / 1e6),
  }
  const large = n > ORACLE_POINTS
  const found = await tree.predecessors(k, large ? { gate: 'audit', audit: 256 } : {})
  row.gate1_pruned = found.report.gate.pruned
  if (large) Object.assign(row, { recall: found.report.audit?.recall, recall_bound: found.report.audit?.recallBound })
  else {
    row.exact_query_s = await best(() => tree.knn(queries, k, { exact: true }))
    if (n <= 40_000) row.exact_pred_s = await best(() => tree.predecessors(k, { exact: true }))
    say('checking against plain loops in double precision')
    Object.assign(row, check(work, found, new Oracle(kernel, points, dim, inducing, report.jitter)))
  }
  return settings.peers ? [row, await numpy(work, settings, inducing)] : [row]
}

/** Points moved a little, so that no residual variance is exactly the jitter. */
function inducingPoints({ points, n, dim }: Workload, m: number): Float32Array {
  const noise = gaussian(m, dim, 3)
  const rows = sample(n, m)
  return noise.map((value, i) => value * 0.05 + (points[(rows[Math.floor(i / dim)] ?? 0) * dim + (i % dim)] ?? 0))
}

function check({ n, k, points }: Workload, { ids }: ResidualNeighbors, oracle: Oracle): { recall: number; recall_bound: number } {
  let [found, wanted] = [0, 0]
  for (const row of sample(n, CHECKED)) {
    const strengths = oracle.strengths(points, row, row)
    const count = Math.min(k, row)
    const least = strengths.toSorted().at(-count) ?? 0
    wanted += count
    if (count > 0) for (const id of ids.subarray(row * k, (row + 1) * k)) found += Number((strengths[id] ?? -1) >= least * (1 - 1e-6))
  }
  return share(Math.min(found, wanted), wanted)
}

async function numpy(work: Workload, { kernel, m, runs }: ResidualSettings, inducing: Float64Array): Promise<ResidualRow> {
  const executable = python()
  if (executable === undefined) return { engine: 'numpy', error: 'no Python environment' }
  say('numpy')
  return withFolder(async (folder) => {
    writeFileSync(path.join(folder, 'points.f32'), work.points)
    writeFileSync(path.join(folder, 'queries.f32'), work.queries)
    writeFileSync(path.join(folder, 'inducing.f64'), inducing)
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ n: work.n, dim: work.dim, k: work.k, m, runs, ...kernel }))
    return { engine: 'numpy (blocked matrix products)', ...runPython<Omit<ResidualRow, 'engine'>>(executable, 'residual.py', folder) }
  })
}
