import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository: this file runs as dist/bench/lib/paths.js. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..')

/** A path in the repository. */
export function at(...parts: string[]): string {
  return path.join(root, ...parts)
}

/** A file that may be deleted at any time and is made again then. */
export function cached(name: string): string {
  const folder = at('.cache', 'bench')
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true })
  return path.join(folder, name)
}

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'canopy-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
