import type { Check } from '../check.js'
import { gaussian } from './data.js'
import { ordered } from './orders.js'

/** Points that every run can afford. */
const N = 4096
const [DIM, K, M] = [3, 50, 256]
/** Candidates by plain distance, in units of the lengthscale. */
const CANDIDATES = 400

/** What is used of the trees, so that a test can bring its own. */
interface Plain {
  knnAll(k: number): Promise<{ ids: Uint32Array }>
  raise(): Promise<void>
  telemetry(): Promise<string>
  close(): Promise<void>
}
interface Residual {
  knnAll(k: number, options: { exact: boolean }): Promise<{ ids: Uint32Array }>
  predecessors(k: number, options: { gate: 'audit'; audit: number }): Promise<{ report: { gate: { pruned: number }; audit: { recall: number } | null } }>
  close(): Promise<void>
}
interface Engine {
  CoverTree: { build(points: Float32Array, options: { dim: number }): Promise<Plain> }
  ResidualTree: { build(points: Float32Array, options: { dim: number; kernel: { kind: 'matern52'; lengthscale: number }; inducing: { count: number } }): Promise<Residual> }
}

/**
 * What a large run relies on, at a size that takes a second: that the coordinates still find what the correlations want, that bringing points
 * into order costs little, and that the gate spares pairs and none wrongly.
 */
export async function guardrails({ CoverTree, ResidualTree }: Engine): Promise<Check[]> {
  const points = ordered(gaussian(N, DIM, 5), DIM, 'curve')
  const plain = await CoverTree.build(points, { dim: DIM })
  const residual = await ResidualTree.build(points, { dim: DIM, kernel: { kind: 'matern52', lengthscale: 1 }, inducing: { count: M } })
  try {
    const near = await plain.knnAll(CANDIDATES)
    const wanted = await residual.knnAll(K, { exact: true })
    let found = 0
    for (let i = 0; i < N; i += 1) {
      const candidates = new Set(near.ids.subarray(i * CANDIDATES, (i + 1) * CANDIDATES))
      for (const id of wanted.ids.subarray(i * K, (i + 1) * K)) found += Number(candidates.has(id))
    }
    await plain.raise()
    const { traversal_semisort_ms: semisort = Infinity } = JSON.parse(await plain.telemetry()) as { traversal_semisort_ms?: number }
    const { report } = await residual.predecessors(K, { gate: 'audit', audit: 64 })
    return [
      { name: 'guardrail: whitened coverage', value: found / (N * K), unit: '', direction: 'at least', must: 0.95 },
      { name: 'guardrail: semisort', value: semisort / 1000, unit: 's', direction: 'at most', must: 1 },
      { name: 'guardrail: pairs that the gate spares', value: report.gate.pruned, unit: '', direction: 'at least', must: 1 },
      { name: 'guardrail: audited recall', value: report.audit?.recall ?? 0, unit: '', direction: 'at least', must: 0.999 },
    ]
  } finally {
    await Promise.all([plain.close(), residual.close()])
  }
}
