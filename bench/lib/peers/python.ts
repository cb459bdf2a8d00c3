import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { at, cached } from '../paths.js'
import { say } from '../result.js'

/**
 * The Python of a virtual environment that holds bench/peers/requirements.txt, made once under .cache/bench; undefined, with the
 * reason said, where it can't be had.
 */
export function python(): string | undefined {
  const folder = cached('python')
  const [stamp, wanted] = [path.join(folder, 'installed.txt'), readFileSync(at('bench', 'peers', 'requirements.txt'), 'utf8')]
  const found = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return found
  say('installing the Python peers (once)')
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', folder],
    [found, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', at('bench', 'peers', 'requirements.txt')],
  ] as [string, ...string[]][]) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) {
      say(`  ${command} ${args[1]} ended with ${status ?? error?.message}: ${(stderr ?? '').slice(-500)}`)
      return undefined
    }
  }
  writeFileSync(stamp, wanted)
  return found
}

/** Runs a script of bench/peers on a folder and reads the JSON of its last line. */
export function runPython<T>(executable: string, script: string, folder: string): T {
  const output = execFileSync(executable, [at('bench', 'peers', script), folder], { encoding: 'utf8', maxBuffer: 64 << 20 })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as T
}
