import { spawnSync } from 'node:child_process'
import { root } from '../paths.js'
import type { Data } from './data.js'
import type { Findings } from './findings.js'

/** What crates/ann's example prints. */
interface FlatScan {
  stream_gb_s: number
  f32_gb_s: number
  f32_share: number
  sizes: unknown[]
}

// 200,000 × 384 numbers are 307 MB: no cache holds them, so the scan is bound by the memory.
const ROWS = '200000'

/** The exact scan of f32 vectors beside the memory bandwidth that is measured in the same run, in the core without Node. */
export async function measureScan({ dim }: Data): Promise<Findings> {
  const { status, stdout, stderr, error } = spawnSync('cargo', ['run', '--release', '--quiet', '-p', 'canopy-ann', '--example', 'flat_scan', '--', ROWS, String(dim)], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 24 })
  if (status !== 0) return { figures: null, checks: [], skipped: [`scan: cargo run --example flat_scan ended with ${status ?? error?.message}: ${stderr?.slice(-300)}`] }
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as FlatScan
  return { figures, checks: [{ name: 'exact f32 scan, share of the memory bandwidth', value: figures.f32_share, unit: '', direction: 'at least', goal: 0.6 }] }
}
