import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { open, type Database, type OpenOptions } from '../../ts/index.js'

/** A folder that is gone after the test. */
export async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-test-'))
  t.teardown(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }))
  return dir
}

/** A database in a folder of its own, closed after the test. */
export async function database(t: ExecutionContext, options?: OpenOptions): Promise<Database> {
  const db = await open(await folder(t), options)
  t.teardown(() => db.close())
  return db
}
