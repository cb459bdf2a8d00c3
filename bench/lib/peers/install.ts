import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { at } from '../paths.js'
import { say } from '../result.js'

const folder = at('bench', 'peers')

/**
 * Installs the peers where they aren't yet. Compiling SQLite's binding takes a minute or two.
 *
 * `npm ci` would refuse a lock file that lacks the packages of other platforms, as one has that was written behind a partial registry mirror;
 * `npm install` follows the same lock file and doesn't mind.
 */
export function installPeers(): void {
  if (existsSync(at('bench', 'peers', 'node_modules', '.package-lock.json'))) return
  say('installing the peers (once; some compile for a minute or two)')
  const { status, stderr } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) say(`  npm install ended with ${status}: ${stderr.slice(-2000)}`)
}

// LanceDB's core reads this when it starts; it warns at every search otherwise.
process.env['LANCE_LOG'] ??= 'error'

/** Loads a package of the peers, which this package doesn't depend on. */
export async function peer<T>(name: string): Promise<T> {
  const require = createRequire(at('bench', 'peers', 'package.json'))
  return (await import(pathToFileURL(require.resolve(name)).href)) as T
}
