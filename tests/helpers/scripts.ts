import { mkdir, rm, writeFile } from 'node:fs/promises'
import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { openMigrations, type MigrationOptions, type Migrations } from '../../ts/index.js'
import { folder } from './temp.js'

/** A folder with these files. */
export async function scripts(t: ExecutionContext, files: Record<string, string>): Promise<string> {
  const dir = await folder(t)
  await rewrite(dir, files)
  return dir
}

/** Writes these files into a folder that is there. */
export async function rewrite(dir: string, files: Record<string, string>): Promise<void> {
  await mkdir(dir, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text)
}

export const remove = (dir: string, name: string): Promise<void> => rm(path.join(dir, name))

/** Migrations that are closed after the test; nobody waits long for a lock. */
export async function migrations(t: ExecutionContext, url: string, options: MigrationOptions = {}): Promise<Migrations> {
  const opened = await openMigrations(url, { waitMs: 4_000, ...options })
  t.teardown(() => opened.close())
  return opened
}

/** Another process that runs `up`. */
export function migrator(t: ExecutionContext, url: string, dir: string): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL('migrator.js', import.meta.url)), url, dir], { stdio: 'inherit' })
  t.teardown(() => void child.kill('SIGKILL'))
  return child
}
