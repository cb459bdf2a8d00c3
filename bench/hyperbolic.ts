// canopy bench hyperbolic: maps of the Poincaré ball from Node with geoopt beside us in the same run, their errors up to the rim, and recentring against naive
// scaling as Parquet and a plot.
//
//   canopy bench hyperbolic [-n 1000000] [-d 16] [--runs 3] [--peers] [--json] [--no-record]
//
// --peers installs torch for geoopt, a download of some gigabytes, once.

import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { PoincareBall, measureOvershoot, type OvershootRow } from 'canopy-engine'
import { ballErrors, cloud } from './lib/graphs/ball.js'
import { boxes } from './lib/graphs/boxes.js'
import { geooptRates } from './lib/graphs/geoopt.js'
import { at } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { milliseconds, round } from './lib/time.js'

/** Share of the naive error that must go. */
const LESS = 0.15

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, points: { type: 'string', short: 'n', default: '1000000' }, dim: { type: 'string', short: 'd', default: '16' }, runs: { type: 'string', default: '3' }, peers: { type: 'boolean', default: false } } })
  const [n, dim, runs] = [Number(values.points), Number(values.dim), Number(values.runs)]
  const ball = new PoincareBall({ dim })
  const [points, bases] = [cloud(n, dim, 1), cloud(n, dim, 2)]
  const tangents = await ball.log0(points)
  const checks: Check[] = []
  const measured: Record<string, number> = {}
  const works = {
    exp0: () => ball.exp0(tangents),
    log0: () => ball.log0(points),
    exp: () => ball.exp(bases, tangents),
    log: () => ball.log(bases, points),
    dist: () => ball.distances(points, bases),
    recentre: () => ball.recentre(points, { centre: bases.subarray(0, dim) }),
  }
  for (const [name, work] of Object.entries(works)) {
    say(name)
    let ms = Infinity
    for (let i = 0; i <= runs; i += 1) ms = Math.min(ms, await milliseconds(work))
    measured[name] = round(n / ms / 1000)
    checks.push({ name: `${name}, ${n} × ${dim} f32`, value: n / ms / 1000, unit: 'Mpoints/s', direction: 'at least', goal: 25 })
  }
  const skipped: string[] = []
  const geoopt = values.peers ? await geooptRates({ n, dim, runs }, { points, bases, tangents }) : { error: 'not asked for (--peers; torch is a download of some gigabytes)' }
  if (geoopt.mpoints_per_s === undefined) skipped.push(`geoopt: ${geoopt.error}`)
  for (const [name, rate] of Object.entries(geoopt.mpoints_per_s ?? {})) checks.push({ name: `${name}, times faster than geoopt`, value: (measured[name] ?? 0) / rate, unit: '×', direction: 'at least', goal: 3 })
  say('errors')
  checks.push(...(await ballErrors()))
  say('recentring against naive scaling')
  const rows = await measureOvershoot({ points: 1000 })
  const medians: Record<string, unknown> = {}
  for (const kappa of [-1, -0.5, -2]) {
    for (const dtype of ['f64', 'f32', 'f16'] as const) {
      const of = (method: OvershootRow['method']): number => median(rows.filter((row) => row.kappa === kappa && row.dtype === dtype && row.method === method).map(({ deltaR }) => Math.abs(deltaR)))
      const [ours, naive] = [of('exp_log'), of('naive')]
      medians[`${kappa} ${dtype}`] = { exp_log: ours, naive }
      checks.push({ name: `median |Δr| below naive scaling, κ = ${kappa}, ${dtype}`, value: 1 - ours / naive, unit: 'of it', direction: 'at least', must: LESS })
    }
  }
  checks.push({ name: 'values that are no numbers', value: rows.filter(({ rObtained }) => !Number.isFinite(rObtained)).length, unit: '', direction: 'at most', must: 0 })
  if (values.record) keep(rows)
  finish({ bench: 'hyperbolic', options: { n, dim, runs, peers: values.peers }, figures: { ...measured, geoopt, medians }, checks, skipped }, values)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** The table as Parquet and as a drawing, beside the results. */
function keep(rows: readonly OvershootRow[]): void {
  const columns = [
    { name: 'kappa', data: rows.map(({ kappa }) => kappa), type: 'DOUBLE' as const },
    { name: 'dtype', data: rows.map(({ dtype }) => dtype), type: 'STRING' as const },
    { name: 'method', data: rows.map(({ method }) => method), type: 'STRING' as const },
    { name: 'r_target', data: rows.map(({ rTarget }) => rTarget), type: 'DOUBLE' as const },
    { name: 'r_obtained', data: rows.map(({ rObtained }) => rObtained), type: 'DOUBLE' as const },
    { name: 'delta_r', data: rows.map(({ deltaR }) => deltaR), type: 'DOUBLE' as const },
  ]
  mkdirSync(at('bench', 'results'), { recursive: true })
  writeFileSync(at('bench', 'results', 'hyperbolic-overshoot.parquet'), Buffer.from(parquetWriteBuffer({ columnData: columns })))
  writeFileSync(at('bench', 'results', 'hyperbolic-overshoot.svg'), boxes(rows))
}
