import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { folder } from '../helpers/temp.js'

interface Likelihood {
  logLikelihood(points: Float64Array, y: Float64Array, inducing: Float64Array, neighbours: { k: number; ids: Uint32Array }, theta: object): number
  cholesky(a: Float64Array, n: number): number
  forward(root: Float64Array, n: number, b: Float64Array): Float64Array
  matern52(square: number): number
}

test('with all points before as neighbours, the approximation is the exact likelihood', async (t) => {
  const { logLikelihood, cholesky, forward, matern52 } = (await import(pathToFileURL(path.resolve('examples/vecchia/likelihood.mjs')).href)) as Likelihood
  const [n, dim, k] = [40, 2, 39]
  const points = Float64Array.from({ length: n * dim }, (_, i) => Math.sin(i * 1.7) * 2)
  const y = Float64Array.from({ length: n }, (_, i) => Math.cos(i * 0.9))
  const theta = { variance: 1.5, noise: 0.3, lengthscale: [0.8, 1.1] }
  const cov = (i: number, j: number): number =>
    theta.variance * matern52(theta.lengthscale.reduce((sum, scale, c) => sum + (((points[i * dim + c] ?? 0) - (points[j * dim + c] ?? 0)) / scale) ** 2, 0)) + (i === j ? theta.noise : 0)
  const dense = Float64Array.from({ length: n * n }, (_, at) => cov(Math.floor(at / n), at % n))
  const logdet = cholesky(dense, n)
  const white = forward(dense, n, y.slice())
  const exact = -0.5 * (white.reduce((sum, value) => sum + value * value, 0) + logdet + n * Math.log(2 * Math.PI))
  const all = { k, ids: Uint32Array.from({ length: n * k }, (_, at) => (at % k < Math.floor(at / k) ? at % k : 0xffff_ffff)) }
  const found = logLikelihood(points, y, points.slice(0, 10 * dim).map((value) => value + 0.01), all, theta)
  t.true(Math.abs(found - exact) < 1e-6, `${found} and ${exact}`)
})

test('neighbours by residual correlation explain the wind better than the first to come, and the optimiser gains', async (t) => {
  const svg = path.join(await folder(t), 'vecchia.svg')
  const args = ['examples/vecchia/run.mjs', '--points', '600', '--neighbours', '10', '--inducing', '30', '--steps', '8', '--plot', svg]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.is(status, 0, stderr)
  const { start, best, firstCome } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { start: { ours: number; firstCome: number }; best: number; firstCome: number }
  // At poor parameters even a poor approximation may give the higher number: what counts is the fit.
  t.true(best > start.ours && best > Math.max(firstCome, start.firstCome), stdout)
  t.regex(readFileSync(svg, 'utf8'), /<svg[^]*<path/)
})
