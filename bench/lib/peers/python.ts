import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { at, cached } from '../paths.js'
import { say } from '../result.js'

/**
 * The Python of a virtual environment that holds the packages of a file of bench/peers, made once under .cache/bench; undefined, with the
 * reason said, where it can't be had. Packages are installed one by one: one that this platform can't have leaves the others.
 */
export function python(requirements = 'requirements.txt'): string | undefined {
  const folder = cached(`python-${path.parse(requirements).name}`)
  const [stamp, wanted] = [path.join(folder, 'installed.txt'), readFileSync(at('bench', 'peers', requirements), 'utf8')]
  const found = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return found
  say('installing the Python peers (once)')
  const made = ran('python3', '-m', 'venv', folder)
  if (!made) return undefined
  for (const name of wanted.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) ran(found, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', name)
  writeFileSync(stamp, wanted)
  return found
}

function ran(command: string, ...args: string[]): boolean {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) say(`  ${command} ${args.slice(1).join(' ')} ended with ${status ?? error?.message}: ${(stderr ?? '').slice(-500)}`)
  return status === 0
}

/** Runs a script of bench/peers on a folder and reads the JSON of its last line. */
export function runPython<T>(executable: string, script: string, folder: string, ...args: string[]): T {
  const output = execFileSync(executable, [at('bench', 'peers', script), folder, ...args], { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as T
}
