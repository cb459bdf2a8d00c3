import { random, shuffled } from '../random.js'
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

/** Edges that a predictor learns from at most, and passes over them. */
const [LEARNED, PASSES, RATE] = [20_000, 20, 0.05]

/**
 * How often a link held back scores above a random pair, 1 at best: by a logistic regression over the products of vectors, learned from edges of the training
 * graph and random pairs, as the Node2Vec paper does (section 4.4), and by plain cosines, which on graphs that grow by preference say less than a coin.
 */
export function linkPrediction(vectors: Float32Array, dim: number, { nodes, sources, targets }: Edges, held: readonly [number, number][]): { auc: number; cosine: number } {
  const next = random(9)
  const any = (): [number, number] => [Math.floor(next() * nodes), Math.floor(next() * nodes)]
  const row = (node: number): Float32Array => vectors.subarray(node * dim, (node + 1) * dim)
  // Vectors of libraries differ in length: features are scaled by their root mean square.
  const scale = vectors.reduce((sum, value) => sum + value * value, 0) / vectors.length
  const weights = new Float64Array(dim + 1)
  const score = ([a, b]: readonly [number, number]): number => {
    const [x, y] = [row(a), row(b)]
    let sum = weights[dim] ?? 0
    for (let c = 0; c < dim; c += 1) sum += ((weights[c] ?? 0) * (x[c] ?? 0) * (y[c] ?? 0)) / scale
    return sum
  }
  const known = shuffled([...sources.keys()], 11).slice(0, LEARNED)
  for (let pass = 0; pass < PASSES; pass += 1) {
    const rate = RATE / (1 + pass) / Math.sqrt(dim)
    for (const at of known) {
      for (const [pair, label] of [[[sources[at] ?? 0, targets[at] ?? 0], 1], [any(), 0]] as const) {
        const step = rate * (label - 1 / (1 + Math.exp(-score(pair as [number, number]))))
        const [x, y] = [row(pair[0]), row(pair[1])]
        for (let c = 0; c < dim; c += 1) weights[c] = (weights[c] ?? 0) + (step * (x[c] ?? 0) * (y[c] ?? 0)) / scale
        weights[dim] = (weights[dim] ?? 0) + step
      }
    }
  }
  const cosine = ([a, b]: readonly [number, number]): number => {
    const [x, y] = [row(a), row(b)]
    let [dot, xx, yy] = [0, 0, 0]
    for (let c = 0; c < dim; c += 1) {
      const [u, v] = [x[c] ?? 0, y[c] ?? 0]
      dot += u * v
      xx += u * u
      yy += v * v
    }
    return dot / Math.sqrt(xx * yy)
  }
  const others = held.map(any)
  return { auc: area(held.map(score), others.map(score)), cosine: area(held.map(cosine), others.map(cosine)) }
}

/** How often a value of the first is above one of the second; half where they are alike. */
function area(first: readonly number[], second: readonly number[]): number {
  const sorted = second.toSorted((a, b) => a - b)
  const below = (value: number, alike: boolean): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < value || (alike && sorted[middle] === value)) low = middle + 1
      else high = middle
    }
    return low
  }
  return first.reduce((sum, value) => sum + (below(value, false) + below(value, true)) / 2, 0) / first.length / sorted.length
}
