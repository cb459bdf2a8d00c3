import { CoverTree, type CoverTreePlan } from 'canopy-engine'
import { round } from '../time.js'
import { gaussian } from './data.js'
import { ordered, type Order } from './orders.js'

/** What a plan for the batches of the cover tree costs. */
export interface PlanRow {
  /** What differs from the default. */
  plan: string
  /** The order in which points were given. */
  points: Order
  tree_s: number
  traversal_s: number
  semisort_s: number
  conflict_graph_s: number
  mis_s: number
  batches: number
  conflicts: number
  waiting: number
  /** The share of the grid's leaders that another leader covers: what a grid without a conflict graph would get wrong. */
  grid_wrong: number | null
}

const PLANS: Record<string, CoverTreePlan> = {
  default: {},
  'order natural': { batchOrder: 'natural' },
  'order random': { batchOrder: 'random' },
  'prefix 1.25': { prefixFactor: 1.25 },
  'prefix 1.75': { prefixFactor: 1.75 },
  'prefix 2.25': { prefixFactor: 2.25 },
  'prefix 4': { prefixFactor: 4 },
  'grid leaders': { leaders: 'grid' },
  'degree cap 4': { degreeCap: 4 },
  'degree cap 16': { degreeCap: 16 },
  'chunk 64': { scopeChunkTarget: 64 },
  'chunk 4096': { scopeChunkTarget: 4096 },
}

/** Every plan on points as drawn, and the orders on points sorted by place as well. */
export async function plans(n: number, dim: number, runs: number): Promise<PlanRow[]> {
  const drawn = gaussian(n, dim, 1)
  const rows: PlanRow[] = []
  for (const [name, plan] of Object.entries(PLANS)) {
    for (const order of name.startsWith('order') || name === 'default' ? (['random', 'natural'] as const) : (['random'] as const)) {
      rows.push(await measured(name, plan, ordered(drawn, dim, order), order, dim, runs))
    }
  }
  return rows
}

async function measured(name: string, plan: CoverTreePlan, points: Float32Array, order: Order, dim: number, runs: number): Promise<PlanRow> {
  let best: PlanRow | undefined
  for (let i = 0; i < runs; i += 1) {
    const tree = await CoverTree.build(points, { dim, plan })
    const started = performance.now()
    await tree.raise()
    const tree_s = round((performance.now() - started) / 1000)
    const line = JSON.parse(await tree.telemetry()) as Record<string, number | undefined>
    const batches = (await tree.batchTelemetry()).length
    await tree.close()
    if (best !== undefined && best.tree_s <= tree_s) continue
    const seconds = (stage: string): number => round((line[stage] ?? 0) / 1000)
    const { grid_leaders_raw: raw, grid_leaders_final: kept } = line
    best = {
      plan: name,
      points: order,
      tree_s,
      traversal_s: seconds('traversal_ms'),
      semisort_s: seconds('traversal_semisort_ms'),
      conflict_graph_s: seconds('conflict_graph_ms'),
      mis_s: seconds('mis_ms'),
      batches,
      conflicts: line['conflicts'] ?? 0,
      waiting: line['conflicts_waiting'] ?? 0,
      grid_wrong: raw === undefined || kept === undefined ? null : round(1 - kept / raw),
    }
  }
  if (best === undefined) throw new RangeError('at least one run')
  return best
}
