// What other libraries computed (tests/oracles/graphs.py) on graphs that everybody knows, and on odd ones.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { bottleneck, Graph, hyperAdamicAdar, persistence, PoincareBall, TopologyLayer, wasserstein, type Suggestions } from '../../ts/index.js'

type Columns = [number[], number[], number[]]

interface Heat {
  sampled: number[]
  rows: number[]
  scales: [number, number] | null
}

interface Known {
  nodes: number
  directed: boolean
  sources: number[]
  targets: number[]
  weights: number[]
  normalized: Heat
  combinatorial: Heat
  adamicAdar: Columns
  bars: [number, number, number | null][]
}

interface Ball {
  kappa: number
  dim: number
  points: number[][]
  others: number[][]
  tangents: number[][]
  bases: number[][]
  exp0: number[][]
  log0: number[][]
  exp: number[][]
  log: number[][]
  add: number[][]
  distances: number[]
  mean: number[]
}

const oracles = JSON.parse(gunzipSync(readFileSync(fileURLToPath(new URL('../../../tests/fixtures/graph-oracles.json.gz', import.meta.url)))).toString()) as {
  graphwave: { scales: number[]; points: number; maxT: number }
  graphs: Record<string, Known>
  hyper: { nodes: number; hyperedges: number[][]; found: Columns }
  distances: { a: number[]; b: number[]; bottleneck: number; wasserstein: Record<string, number> }[]
  ball: Ball[]
}

const off = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(0, ...Array.from(a, (value, i) => Math.abs(value - (b[i] ?? Number.NaN))))
const columns = ({ nodes, sources, targets, weights }: Known) => ({ nodes, sources: Uint32Array.from(sources), targets: Uint32Array.from(targets), weights: Float64Array.from(weights) })
const built = (known: Known): Promise<Graph> => Graph.build(columns(known), { directed: known.directed })

for (const [name, known] of Object.entries(oracles.graphs)) {
  test(`${name}: heat is numpy's, exactly and by polynomials to the tolerance`, async (t) => {
    const graph = await built(known)
    for (const laplacian of ['normalized', 'combinatorial'] as const) {
      const { sampled, rows: wanted, scales } = known[laplacian]
      const sample = (rows: Float64Array, dim: number): number[] => sampled.flatMap((node) => [...rows.subarray(node * dim, (node + 1) * dim)])
      const exact = await graph.graphwave({ ...oracles.graphwave, laplacian, exact: true })
      t.is(exact.rows.length, known.nodes * exact.dim)
      t.true(off(sample(exact.rows, exact.dim), wanted) < 1e-10, `exact ${laplacian}: ${off(sample(exact.rows, exact.dim), wanted)}`)
      for (const tolerance of [1e-4, 1e-8, 1e-11]) {
        const { rows, dim } = await graph.graphwave({ ...oracles.graphwave, laplacian, tolerance })
        t.true(off(sample(rows, dim), wanted) <= tolerance, `${tolerance} ${laplacian}: ${off(sample(rows, dim), wanted)}`)
        t.true(off(rows, exact.rows) <= tolerance)
      }
      if (scales === null) continue
      const { scales: found } = await graph.graphwave({ laplacian, points: 2 })
      t.true(scales.every((scale, i) => Math.abs((found[i] ?? 0) / scale - 1) < 1e-6), `${found} for ${scales}`)
    }
  })

  test(`${name}: suggestions are networkx's`, async (t) => {
    const found = await (await built(known)).adamicAdar({ minScore: 0, top: known.nodes })
    t.deepEqual([[...found.sources], [...found.targets]], known.adamicAdar.slice(0, 2))
    t.true(off(found.scores, known.adamicAdar[2]) < 1e-12)
  })

  test(`${name}: bars are GUDHI's, bit for bit`, async (t) => {
    const { dimensions, births, deaths } = await persistence(columns(known))
    const bars = [...dimensions].map((dimension, i): [number, number, number | null] => [dimension, births[i] ?? 0, deaths[i] === Infinity ? null : (deaths[i] ?? 0)])
    t.deepEqual(sorted(bars), sorted(known.bars))
    const layer = await TopologyLayer.build(columns(known), { radius: 16 })
    // Where sixteen hops reach everything, a node's neighbourhood is its component.
    if (name === 'karate') t.deepEqual(await layer.diagram(0), await layer.whole())
  })
}

function sorted(bars: readonly [number, number, number | null][]): [number, number, number | null][] {
  return bars.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] ?? Infinity) - (b[2] ?? Infinity) || 0)
}

test('hyperedges: scores are those of the formula', async (t) => {
  const { nodes, hyperedges, found } = oracles.hyper
  const scored: Suggestions = await hyperAdamicAdar(nodes, hyperedges, { minScore: 0, top: nodes })
  t.deepEqual([[...scored.sources], [...scored.targets]], found.slice(0, 2))
  t.true(off(scored.scores, found[2]) < 1e-12)
})

test('distances of diagrams are GUDHI’s and scipy’s', async (t) => {
  for (const { a, b, bottleneck: wanted, wasserstein: ways } of oracles.distances) {
    const [x, y] = [Float64Array.from(a), Float64Array.from(b)]
    t.true(Math.abs((await bottleneck(x, y)) - wanted) < 1e-12, `${a.length} ${b.length}`)
    t.is(await bottleneck(x, y), await bottleneck(y, x))
    for (const [order, far] of Object.entries(ways)) t.true(Math.abs((await wasserstein(x, y, { order: Number(order) })) - far) < 1e-12 * Math.max(far, 1), `${order}: ${far}`)
  }
})

for (const known of oracles.ball) {
  test(`the ball of curvature ${known.kappa} is mpmath's, to the rim`, async (t) => {
    const { kappa, dim } = known
    const flat = (rows: number[][]): Float64Array => Float64Array.from(rows.flat())
    const ball = new PoincareBall({ dim, kappa, margin: 1e-15 })
    const rho = known.points.map((row) => Math.hypot(...row) * Math.sqrt(-kappa))
    const check = (what: string, found: Float64Array, wanted: number[][], bound: (row: number) => number): void => {
      for (const [row, values] of wanted.entries()) {
        const [away, size] = [off(found.subarray(row * dim, (row + 1) * dim), values), Math.max(1e-300, Math.hypot(...values))]
        t.true(away <= bound(row) * Math.max(size, 1), `${what} of row ${row}: off by ${away} at ${size}`)
      }
    }
    // Rounding a coordinate alone moves a point by ε / (1 − ρ) where it is measured as a distance.
    const rim = (row: number): number => (4 * Number.EPSILON) / Math.max(1 - (rho[row] ?? 0), 1e-16)
    check('exp0', await ball.exp0(flat(known.tangents)), known.exp0, () => 4 * Number.EPSILON)
    check('log0', await ball.log0(flat(known.points)), known.log0, rim)
    check('exp', await ball.exp(flat(known.bases), flat(known.tangents)), known.exp, () => 8 * Number.EPSILON)
    check('log', await ball.log(flat(known.bases), flat(known.points)), known.log, (row) => 8 * rim(row))
    check('add', await ball.add(flat(known.bases), flat(known.points)), known.add, () => 4 * Number.EPSILON)
    const far = await ball.distances(flat(known.points), flat(known.others))
    for (const [row, wanted] of known.distances.entries()) {
      const bound = Math.max(rim(row), rim((row + 3) % rho.length)) * Math.max(wanted, 1)
      t.true(Math.abs((far[row] ?? 0) - wanted) <= bound, `distance of row ${row}: ${far[row]} for ${wanted}`)
    }
    const { point, converged } = await ball.mean(flat(known.points.slice(0, 6)))
    t.true(converged)
    t.true(off(point, known.mean) < 1e-12, `mean ${[...point]} for ${known.mean}`)
    // Whatever the order, and weights of one as none.
    const again = await ball.mean(flat(known.points.slice(0, 6).toReversed()), { weights: new Float64Array(6).fill(2) })
    t.true(off(again.point, known.mean) < 1e-12)
  })
}
