// Fits a Gaussian process to wind speeds that the Jason-3 satellite measured, with neighbours by residual correlation.
//
//   node examples/vecchia/run.mjs [--points 3000] [--neighbours 20] [--inducing 100] [--steps 20] [--plot vecchia.svg]
//
// jason3.csv comes with the R package GpGp (MIT licence, J. Guinness, M. Katzfuss, Y. Fahmy): wind speed, longitude, latitude, time.

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ResidualTree } from 'canopy-engine'
import { logLikelihood } from './likelihood.mjs'

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '3000' },
    neighbours: { type: 'string', default: '20' },
    inducing: { type: 'string', default: '100' },
    steps: { type: 'string', default: '20' },
    plot: { type: 'string', default: 'vecchia.svg' },
  },
})
const [count, k, m, steps] = [values.points, values.neighbours, values.inducing, values.steps].map(Number)

// On the unit sphere, so that 180° W and 180° E are neighbours; time in days beside it.
const rows = readFileSync(new URL('jason3.csv', import.meta.url), 'utf8').trim().split('\n').slice(1).map((line) => line.split(',').map(Number))
const chosen = shuffled(rows).slice(0, count)
const [toRadians, DAY] = [Math.PI / 180, 86_400]
const points = Float64Array.from(
  chosen.flatMap(([, lon, lat, time]) => [
    Math.cos(lat * toRadians) * Math.cos(lon * toRadians),
    Math.cos(lat * toRadians) * Math.sin(lon * toRadians),
    Math.sin(lat * toRadians),
    time / DAY,
  ]),
)
const mean = chosen.reduce((sum, [wind]) => sum + wind, 0) / chosen.length
const y = Float64Array.from(chosen, ([wind]) => wind - mean)

let theta = { variance: 10, noise: 1, lengthscale: [0.2, 0.2, 0.2, 2] }
const kernel = ({ variance, lengthscale }) => ({ kind: 'matern52', variance, lengthscale })
const tree = await ResidualTree.build(points, { dim: 4, kernel: kernel(theta), inducing: { count: m } })
const inducing = await tree.inducing()
const ours = async () => tree.predecessors(k)
const firstCome = { k, ids: Uint32Array.from({ length: y.length * k }, (_, at) => (at % k < Math.floor(at / k) ? at % k : 0xffff_ffff)) }

console.log(`${y.length} measurements, ${k} neighbours, ${m} inducing points`)
const before = { ours: logLikelihood(points, y, inducing, await ours(), theta), firstCome: logLikelihood(points, y, inducing, firstCome, theta) }
console.log(`log-likelihood at the start: ${before.ours.toFixed(1)} with neighbours by residual correlation, ${before.firstCome.toFixed(1)} with the first to come`)

// Coordinate search on the logarithms of the parameters. Each step changes the kernel; the tree keeps its order and structure.
const NAMES = ['variance', 'noise', 'space', 'time']
const trace = [before.ours]
let [best, stride, refreshMs] = [before.ours, 0.7, 0]
for (let step = 0; step < steps; step += 1) {
  const name = NAMES[step % NAMES.length]
  for (const factor of [Math.exp(stride), Math.exp(-stride)]) {
    const tried = scaled(theta, name, factor)
    const started = performance.now()
    await tree.refresh(kernel(tried))
    refreshMs += performance.now() - started
    const value = logLikelihood(points, y, inducing, await ours(), tried)
    if (value > best) {
      ;[best, theta] = [value, tried]
      break
    }
  }
  if (step % NAMES.length === NAMES.length - 1) stride *= 0.7
  trace.push(best)
  process.stderr.write(`\rstep ${step + 1} of ${steps}: ${best.toFixed(1)} `)
}
process.stderr.write('\n')
await tree.refresh(kernel(theta))
const after = logLikelihood(points, y, inducing, firstCome, theta)
console.log(`after ${steps} steps: ${best.toFixed(1)}; with the first to come ${after.toFixed(1)}`)
console.log(`variance ${theta.variance.toFixed(2)}, noise ${theta.noise.toFixed(2)}, lengthscales ${theta.lengthscale.map((value) => value.toFixed(3)).join(', ')} (sphere radii; days)`)
console.log(`refreshing the metric took ${(refreshMs / 1000).toFixed(2)} s in all`)
writeFileSync(values.plot, plot(trace, before.firstCome, after))
console.log(`drawn in ${values.plot}`)
console.log(JSON.stringify({ points: y.length, k, m, start: before, best, firstCome: after, theta }))

function scaled({ variance, noise, lengthscale: [x, yAxis, z, time] }, name, factor) {
  const space = name === 'space' ? factor : 1
  return {
    variance: name === 'variance' ? variance * factor : variance,
    noise: name === 'noise' ? noise * factor : noise,
    lengthscale: [x * space, yAxis * space, z * space, name === 'time' ? time * factor : time],
  }
}

/** The same order on every machine: a Vecchia approximation wants near and far points among those before. */
function shuffled(list) {
  let state = 42
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  return list.map((item) => [next(), item]).toSorted(([a], [b]) => a - b).map(([, item]) => item)
}

function plot(trace, start, end) {
  const [width, height, pad] = [640, 360, 56]
  const [low, high] = [Math.min(...trace, start, end), Math.max(...trace)]
  const x = (i) => pad + (i * (width - 2 * pad)) / Math.max(trace.length - 1, 1)
  const at = (value) => height - pad - ((value - low) * (height - 2 * pad)) / Math.max(high - low, 1e-9)
  const line = trace.map((value, i) => `${i === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${at(value).toFixed(1)}`).join('')
  const text = (tx, ty, words, anchor = 'start') => `<text x="${tx}" y="${ty}" text-anchor="${anchor}">${words}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<path d="M${pad} ${pad}V${height - pad}H${width - pad}" fill="none" stroke="#888"/>
<path d="${line}" fill="none" stroke="#176" stroke-width="2"/>
<path d="M${pad} ${at(start)}L${width - pad} ${at(end)}" stroke="#b42" stroke-width="2" stroke-dasharray="6 4"/>
${text(x(trace.length - 1), at(trace.at(-1)) - 8, `neighbours by residual correlation: ${trace.at(-1).toFixed(0)}`, 'end')}
${text(width - pad, at(end) - 8, `first to come: ${end.toFixed(0)}`, 'end')}
${text(pad, pad - 16, 'log-likelihood of Jason-3 wind speeds')}
${text(width / 2, height - 16, 'steps of the optimiser', 'middle')}
${text(pad - 6, at(high) + 4, high.toFixed(0), 'end')}${text(pad - 6, at(low) + 4, low.toFixed(0), 'end')}
</svg>
`
}
