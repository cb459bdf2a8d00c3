import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { system } from 'canopy-engine'
import { root } from './paths.js'

/** What a result was measured on and with. */
export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  platform: string
  node: string
  /** The instruction set that the vector kernels chose. */
  isa: string
  version: string
  sqlite: string
  /** What the scheduler was asked to prefer this process by (nice value; below 0 is more): 0 unless the caller raised it to measure beside other work. */
  priority: number
}

/** This machine. */
export function machine(): Machine {
  const { isa, version, sqlite } = system()
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    isa,
    version,
    sqlite,
    priority: priority(),
  }
}

/** The process's own nice value, or that of its session where Linux groups processes by session. */
function priority(): number {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync('/proc/self/autogroup', 'utf8'))?.[1] ?? 0)
  } catch {
    return os.getPriority()
  }
}

/** The commit that was measured, with `+` behind it when sources were changed since; null outside a clone. */
export function commit(): string | null {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'crates', 'ts', 'models', 'bench/*.ts', 'bench/lib') !== ''
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return null
  }
}
