import { spawnSync } from 'node:child_process'
import type { ExecutionContext } from 'ava'
import { folder } from './temp.js'

/** A file system of a few megabytes over a folder, gone after the test; nothing where this user may not mount one (root on Linux may). */
export async function tiny(t: ExecutionContext, bytes: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  const dir = await folder(t)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]).status !== 0) return undefined
  t.teardown(() => void spawnSync('umount', ['-l', dir]))
  return dir
}
