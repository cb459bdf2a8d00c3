import { spawnSync } from 'node:child_process'
import { at } from '../paths.js'
import { say } from '../result.js'
import type { Row } from './row.js'
import type { Workload } from './data.js'

/** kiddo is a Rust library: an example of the crate runs it on Gaussian points of its own, as many and as wide. */
export function kiddo({ n, dim, k }: Workload, runs: number): Row {
  say('kiddo, by cargo (the first time it is compiled)')
  const args = ['run', '--release', '--quiet', '-p', 'canopy-cover-tree', '--example', 'neighbours', '--', n, dim, k, runs].map(String)
  const { status, stdout, stderr } = spawnSync('cargo', args, { cwd: at(), encoding: 'utf8' })
  if (status !== 0) return { engine: 'kiddo', error: `cargo ended with ${status}: ${(stderr ?? '').slice(-300)}` }
  const { peers } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { peers?: { kiddo?: Omit<Row, 'engine'> | null } }
  const peer = peers?.kiddo
  return peer === undefined || peer === null ? { engine: 'kiddo', error: `not compiled for ${dim} coordinates` } : { engine: 'kiddo', ...peer }
}
