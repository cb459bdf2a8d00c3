import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CoverTree } from 'canopy-engine'
import { withFolder } from '../paths.js'
import { python, runPython } from '../peers/python.js'
import { milliseconds, round } from '../time.js'
import { kiddo } from './kiddo.js'
import { sample, type Workload } from './data.js'
import type { Row } from './row.js'

/** Rows whose answers are compared with a brute force in double precision. */
const CHECKED = 200

/** Our tree from Node, then every peer that can be had, on the same numbers. */
export async function euclidean(work: Workload, runs: number, peers: boolean): Promise<Row[]> {
  const rows = [await ours(work, runs)]
  if (peers) rows.push(...(await pythonPeers(work, runs)), kiddo(work, runs))
  return rows
}

async function ours(work: Workload, runs: number): Promise<Row> {
  const { points, queries, dim, k } = work
  const best = async (call: () => Promise<unknown>): Promise<number> => {
    let least = Infinity
    for (let i = 0; i < runs; i += 1) least = Math.min(least, await milliseconds(call))
    return round(least / 1000)
  }
  const before = process.memoryUsage.rss()
  const build_s = await best(async () => (await CoverTree.build(points, { dim })).close())
  const tree = await CoverTree.build(points, { dim })
  const row: Row = {
    engine: 'canopy',
    build_s,
    query_s: await best(() => tree.knn(queries, k)),
    all_knn_s: await best(() => tree.knnAll(k)),
    all_pred_s: await best(() => tree.predecessors(k)),
  }
  const [asked, all, earlier] = [await tree.knn(queries, k), await tree.knnAll(k), await tree.predecessors(k)]
  row.rss_mb = Math.round((process.memoryUsage.rss() - before) / 1e6)
  const [found, wanted] = [
    compare(work, asked.ids, 'knn'),
    compare(work, all.ids, 'all'),
    compare(work, earlier.ids, 'before'),
  ].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0])
  return { ...row, ...share(found, wanted) }
}

async function pythonPeers(work: Workload, runs: number): Promise<Row[]> {
  const executable = python()
  const engines = ['scipy', 'faiss']
  if (executable === undefined) return engines.map((engine) => ({ engine, error: 'no Python environment' }))
  return withFolder(async (folder) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'points.f32'), work.points)
    writeFileSync(path.join(folder, 'queries.f32'), work.queries)
    writeFileSync(path.join(folder, 'task.json'), JSON.stringify({ n: work.n, dim: work.dim, k: work.k, runs, engines }))
    const said = runPython<Record<string, Omit<Row, 'engine'>>>(executable, 'neighbors.py', folder)
    return engines.map((engine) => {
      const row: Row = { engine, ...said[engine] }
      if (row.error !== undefined) return row
      const ids = (what: string): Uint32Array => new Uint32Array(new Uint8Array(readFileSync(path.join(folder, `${engine}-${what}.u32`))).buffer)
      const [a, b] = [compare(work, ids('knn'), 'knn'), compare(work, ids('all'), 'all')]
      return { ...row, ...share(a[0] + b[0], a[1] + b[1]) }
    })
  })
}

/** How many of the neighbours that a brute force in double precision finds are among `ids`, of how many. A tie counts as found. */
function compare(work: Workload, ids: Uint32Array, what: 'knn' | 'all' | 'before'): [found: number, wanted: number] {
  const { n, dim, k, points } = work
  const from = what === 'knn' ? work.queries : points
  let [found, wanted] = [0, 0]
  for (const row of sample(from.length / dim, CHECKED)) {
    const end = what === 'before' ? row : n
    const distances = new Float64Array(end)
    for (let j = 0; j < end; j += 1) {
      let sum = 0
      for (let c = 0; c < dim; c += 1) sum += ((points[j * dim + c] ?? 0) - (from[row * dim + c] ?? 0)) ** 2
      distances[j] = sum
    }
    if (what === 'all') distances[row] = Infinity
    const sorted = distances.toSorted()
    const count = Math.min(k, end - Number(what === 'all'))
    const limit = sorted[count - 1] ?? -1
    wanted += Math.max(count, 0)
    // Peers report in single precision: equal up to that is a tie.
    for (const id of ids.subarray(row * k, (row + 1) * k)) found += Number((distances[id] ?? Infinity) <= limit * (1 + 1e-6))
  }
  return [Math.min(found, wanted), wanted]
}

/** A recall with the lower end of its 95 % interval (Wilson). */
export function share(found: number, wanted: number): { recall: number; recall_bound: number } {
  const z = 1.96
  const p = found / wanted
  const middle = p + (z * z) / (2 * wanted)
  const spread = z * Math.sqrt((p * (1 - p)) / wanted + (z * z) / (4 * wanted * wanted))
  return { recall: p, recall_bound: Math.floor(((middle - spread) / (1 + (z * z) / wanted)) * 1e6) / 1e6 }
}
