import { random } from '../random.js'

/** Edges by columns. */
export interface Edges {
  nodes: number
  sources: Uint32Array
  targets: Uint32Array
}

/** A Barabási–Albert graph: each new node joins `m` that are there, in proportion to their degrees. */
export function barabasiAlbert(nodes: number, m: number, seed: number): Edges {
  const next = random(seed)
  const [sources, targets]: [number[], number[]] = [[], []]
  const ends: number[] = [...Array(m).keys()]
  for (let node = m; node < nodes; node += 1) {
    const chosen = new Set<number>()
    while (chosen.size < m) chosen.add(ends[Math.floor(next() * ends.length)] ?? 0)
    for (const other of chosen) {
      sources.push(node)
      targets.push(other)
      ends.push(node, other)
    }
  }
  return { nodes, sources: Uint32Array.from(sources), targets: Uint32Array.from(targets) }
}

/** A graph whose edges weigh something. */
export type Filtered = Edges & { weights: Float64Array }

/** Points uniform in a cube, or in clusters of `cluster` around centres that are, each joined with its `k` nearest; weights are distances rounded to single precision. */
export function neighbourGraph(nodes: number, k: number, seed: number, cluster = 1): Filtered {
  const next = random(seed)
  let centre = [0, 0, 0]
  const points = Float64Array.from(
    [...Array(nodes).keys()].flatMap((i) => {
      if (i % cluster === 0) centre = [next(), next(), next()]
      return centre.map((x) => (cluster === 1 ? x : x + 0.05 * (next() - 0.5)))
    }),
  )
  const edges = new Map<number, number>()
  for (let a = 0; a < nodes; a += 1) {
    const squares = Float64Array.from({ length: nodes }, (_, b) => [0, 1, 2].reduce((sum, c) => sum + ((points[3 * a + c] ?? 0) - (points[3 * b + c] ?? 0)) ** 2, 0))
    const near = [...squares.keys()].toSorted((x, y) => (squares[x] ?? 0) - (squares[y] ?? 0)).slice(1, k + 1)
    for (const b of near) edges.set(Math.min(a, b) * nodes + Math.max(a, b), Math.fround(Math.sqrt(squares[b] ?? 0)))
  }
  const keys = [...edges.keys()]
  return { nodes, sources: Uint32Array.from(keys, (key) => Math.floor(key / nodes)), targets: Uint32Array.from(keys, (key) => key % nodes), weights: Float64Array.from(edges.values()) }
}
