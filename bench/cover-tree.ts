// canopy bench cover-tree: exact neighbours from Node, with other libraries beside us in the same run.
//
//   canopy bench cover-tree [--metric euclidean|residual] [-n 32768] [-d 3] [-k 8|50] [--queries 1024] [--runs 3; 1 above 200,000 points] [--peers] [--json] [--no-record]
//     residual: [--kernel matern12|matern32|matern52|rbf] [--lengthscale 1] [-m 512] [--gate off|lookup|audit] [--no-guardrails]
//   canopy bench cover-tree --suite | --sweep | --orders: both metrics at 2,048 to 32,768 points, at 4k to 64k with the scaling exponent, or
//     by the order in which points are given; each build and search writes a line of telemetry on standard error
//   canopy bench cover-tree --plans [-n 32768]: the cover tree's build by order of batches, prefix factor, grid, degree cap and chunk
//   canopy bench cover-tree --guardrails: what a large run relies on, at 4,096 points; a residual run from 32,768 points on does it first

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { CoverTree, ResidualTree } from 'canopy-engine'
import { holds } from './lib/check.js'
import { workload, type Workload } from './lib/neighbors/data.js'
import { euclidean } from './lib/neighbors/euclidean.js'
import type { Row } from './lib/neighbors/row.js'
import type { PlainKernel } from './lib/neighbors/oracle.js'
import { guardrails } from './lib/neighbors/guardrails.js'
import { plans } from './lib/neighbors/plans.js'
import { residual, type ResidualRow, type ResidualSettings } from './lib/neighbors/residual.js'
import { exponent, suite, SUITE, SWEEP, table } from './lib/neighbors/suite.js'
import type { Order } from './lib/neighbors/orders.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'

const KERNELS = ['matern12', 'matern32', 'matern52', 'rbf']
const GATES = ['off', 'lookup', 'audit']
/** Points from which on a residual run looks at its guardrails first. */
const GUARDED = 32_768

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
      neighbors: { type: 'string', short: 'k' },
      queries: { type: 'string', default: '1024' },
      runs: { type: 'string' },
      kernel: { type: 'string', default: 'matern52' },
      lengthscale: { type: 'string', default: '1' },
      inducing: { type: 'string', short: 'm', default: '512' },
      peers: { type: 'boolean', default: false },
      gate: { type: 'string', default: 'lookup' },
      guardrails: { type: 'boolean' },
      plans: { type: 'boolean', default: false },
      suite: { type: 'boolean', default: false },
      sweep: { type: 'boolean', default: false },
      orders: { type: 'boolean', default: false },
    },
  })
  if (values.suite || values.sweep || values.orders) return sizes(values)
  if (values.plans) return planned(values)
  if (values.guardrails === true) return finish({ bench: 'cover-tree-guardrails', options: {}, figures: {}, checks: await guardrails({ CoverTree, ResidualTree }), skipped: [] }, values)
  const { metric, peers } = values
  if (metric !== 'euclidean' && metric !== 'residual') throw new TypeError(`there is no metric "${metric}" (euclidean, residual)`)
  const [n, dim, k, queries, runs] = [values.points, values.dim, values.neighbors ?? (metric === 'residual' ? '50' : '8'), values.queries, values.runs ?? (Number(values.points) > 200_000 ? '1' : '3')].map(Number) as [number, number, number, number, number]
  say(`${n} Gaussian points of ${dim} coordinates, k = ${k}, ${queries} queries`)
  const work = workload(n, dim, k, queries)
  const options = { metric, n, dim, k, queries, runs, peers }
  if (metric === 'residual') {
    if (!KERNELS.includes(values.kernel)) throw new TypeError(`there is no kernel "${values.kernel}" (${KERNELS.join(', ')})`)
    if (!GATES.includes(values.gate)) throw new TypeError(`there is no gate "${values.gate}" (${GATES.join(', ')})`)
    const kernel = { kind: values.kernel, lengthscale: Number(values.lengthscale) } as PlainKernel
    const [m, gate] = [Number(values.inducing), values.gate as ResidualSettings['gate']]
    const guards = n >= GUARDED && values.guardrails !== false ? guarded() : []
    if (!guards.every(holds)) return finish({ bench: 'cover-tree-guardrails', options: {}, figures: {}, checks: guards, skipped: ['the large run: its guardrails don\'t hold'] }, values)
    const [own, ...peerRows] = await residual(work, { kernel, m, runs, gate, peers })
    report(values, { ...options, kernel, m, ...(gate === 'lookup' ? {} : { gate }) }, own, peerRows, [...residualChecks(work, own, peerRows), ...guards])
  } else {
    const [own, ...others] = (await euclidean(work, runs, peers)) as [Row, ...Row[]]
    report(values, options, own, others, euclideanChecks(work, own, others))
  }
}

/** Both metrics at many sizes, or in many orders. */
async function sizes(values: { json: boolean; record: boolean; suite: boolean; sweep: boolean; orders: boolean; dim: string; runs?: string | undefined }): Promise<void> {
  const [dim, runs] = [Number(values.dim), Number(values.runs ?? '3')]
  const what = values.sweep ? 'sweep' : values.orders ? 'orders' : 'suite'
  const orders: readonly Order[] = what === 'orders' ? ['natural', 'random', 'curve'] : ['random']
  const rows = await suite({ sweep: SWEEP, orders: [32_768], suite: SUITE }[what], orders, dim, runs)
  if (!values.json) for (const line of table(rows)) console.log(line)
  const slopes = { euclidean: exponent(rows, 'euclidean'), residual: exponent(rows, 'residual') }
  const recall = Math.min(...rows.flatMap((row) => row.recall ?? []))
  const checks: Check[] = [{ name: 'audited recall', value: recall, unit: '', direction: 'at least', goal: 0.999, must: 0.99 }]
  if (what === 'sweep') checks.push({ name: 'scaling exponent, all residual predecessors', value: slopes.residual, unit: '', direction: 'at most', goal: 1.15 })
  finish({ bench: `cover-tree-${what}`, options: { dim, runs }, figures: { rows, ...(what === 'sweep' ? { exponent: slopes } : {}) }, checks, skipped: ['peers: see --metric residual --peers'] }, values)
}

/** The guardrails, measured in a process of their own: the memory of this one is a figure. */
function guarded(): Check[] {
  const { stdout } = spawnSync(process.execPath, [process.argv[1] ?? '', 'bench', 'cover-tree', '--guardrails', '--json', '--no-record'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const { checks } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { checks: Check[] }
  return checks
}

/** The cover tree's build by every plan. */
async function planned(values: { json: boolean; record: boolean; points: string; dim: string; runs?: string | undefined }): Promise<void> {
  const [n, dim, runs] = [Number(values.points), Number(values.dim), Number(values.runs ?? '3')]
  const rows = await plans(n, dim, runs)
  if (!values.json) for (const line of table(rows)) console.log(line)
  finish({ bench: 'cover-tree-plans', variant: `n${n}-d${dim}`, options: { n, dim, runs }, figures: { rows }, checks: [], skipped: [] }, values)
}

function report(values: { json: boolean; record: boolean; metric: string; peers: boolean }, options: Record<string, unknown>, own: Row, others: Row[], checks: Check[]): void {
  const skipped = values.peers ? others.flatMap(({ engine, error }) => (error === undefined ? [] : [`${engine}: ${error}`])) : ['peers: not asked for (--peers)']
  finish({ bench: `cover-tree-${values.metric}`, variant: `n${String(options.n)}-d${String(options.dim)}`, options, figures: { ...own, peers: others }, checks, skipped }, values)
}

function euclideanChecks({ dim }: Workload, own: Row, others: Row[]): Check[] {
  const checks: Check[] = [{ name: 'recall', value: own.recall ?? 0, unit: '', direction: 'at least', must: 1 }]
  const best = Math.min(...others.map(({ all_knn_s }) => all_knn_s ?? Infinity))
  if (best < Infinity) checks.push({ name: 'all-kNN, times faster than the best peer', value: best / (own.all_knn_s ?? Infinity), unit: '×', direction: 'at least', goal: dim >= 8 ? 2 : 0.5 })
  return checks
}

/** The figures that were promised for three coordinates, Matérn 5/2, 512 inducing points, k = 50. */
function residualChecks({ n }: Workload, own: ResidualRow, peers: readonly ResidualRow[]): Check[] {
  const [numpy, covertreex] = ['numpy', 'covertreex'].map((name) => peers.find(({ engine }) => engine.startsWith(name)))
  const checks: Check[] = [
    { name: 'recall', value: own.recall ?? 0, unit: '', direction: 'at least', goal: 0.999, must: 0.99 },
    { name: 'build without V', value: own.build_s ?? Infinity, unit: 's', direction: 'at most', goal: 0.3, must: 20 },
  ]
  if (n === 32_768) {
    checks.push({ name: '1,024 queries', value: own.query_s ?? Infinity, unit: 's', direction: 'at most', must: 0.026 })
    checks.push({ name: 'memory', value: own.rss_mb ?? Infinity, unit: 'MB', direction: 'at most', goal: 400 })
  }
  if (n === 1_000_000) {
    checks.push({ name: 'all predecessors', value: own.all_pred_s ?? Infinity, unit: 's', direction: 'at most', must: 120 })
    checks.push({ name: 'memory', value: own.rss_mb ?? Infinity, unit: 'MB', direction: 'at most', must: 6000 })
  }
  const times = (name: string, peer: string, theirs: number | undefined | null, ours: number | undefined, goal: number): void => {
    // Promised from 32,768 points on: fewer are hardly worth a walk.
    if (typeof theirs === 'number' && ours !== undefined && n >= GUARDED) checks.push({ name: `${name}, times faster than ${peer}`, value: theirs / ours, unit: '×', direction: 'at least', goal })
  }
  times('all predecessors', 'numpy', numpy?.all_pred_s, own.all_pred_s, 15)
  times('all predecessors', 'covertreex', covertreex?.all_pred_s, own.all_pred_s, 100)
  times('queries', 'numpy', numpy?.query_s, own.query_s, 30)
  times('exact queries', 'numpy', numpy?.query_s, own.exact_query_s, 1.5)
  times('exact predecessors', 'numpy', numpy?.all_pred_s, own.exact_pred_s, 1.5)
  return checks
}
