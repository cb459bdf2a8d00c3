import { shuffled } from '../random.js'
import type { Edges } from './data.js'

/** Links held back to judge vectors by. */
const HELD = 0.1

/** Edges to learn from, and those held back. */
export function split({ nodes, sources, targets }: Edges): { training: Edges; held: [number, number][] } {
  const order = shuffled([...sources.keys()], 5)
  const kept = order.slice(Math.floor(order.length * HELD))
  return {
    training: { nodes, sources: Uint32Array.from(kept, (i) => sources[i] ?? 0), targets: Uint32Array.from(kept, (i) => targets[i] ?? 0) },
    held: order.slice(0, Math.floor(order.length * HELD)).map((i) => [sources[i] ?? 0, targets[i] ?? 0]),
  }
}

/** How often a link held back has a higher cosine than a random pair. */
export function area(vectors: Float32Array, dim: number, nodes: number, held: readonly [number, number][]): number {
  const cosine = (a: number, b: number): number => {
    let [dot, x, y] = [0, 0, 0]
    for (let c = 0; c < dim; c += 1) {
      const [u, v] = [vectors[a * dim + c] ?? 0, vectors[b * dim + c] ?? 0]
      dot += u * v
      x += u * u
      y += v * v
    }
    return dot / Math.sqrt(x * y)
  }
  const order = shuffled([...Array(nodes).keys()], 9)
  const others = held.map((_, i) => cosine(order[(2 * i) % nodes] ?? 0, order[(2 * i + 1) % nodes] ?? 1)).toSorted((a, b) => a - b)
  let below = 0
  for (const [a, b] of held) {
    const score = cosine(a, b)
    let [low, high] = [0, others.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((others[middle] ?? 0) < score) low = middle + 1
      else high = middle
    }
    below += low / others.length
  }
  return below / held.length
}
