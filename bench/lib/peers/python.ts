import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { at, cached } from '../paths.js'
import { say } from '../result.js'

/**
 * The Python of a virtual environment that holds the packages of a file of bench/peers, made once under .cache/bench; undefined, with the
 * reason said, where it can't be had. Packages are installed one by one: one that this platform can't have leaves the others.
 */
export function python(requirements = 'requirements.txt', least: readonly [number, number] = [3, 9]): string | undefined {
  const folder = cached(`python-${path.parse(requirements).name}`)
  const [stamp, wanted] = [path.join(folder, 'installed.txt'), readFileSync(at('bench', 'peers', requirements), 'utf8')]
  const found = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return found
  say('installing the Python peers (once)')
  const interpreter = interpreters().find((name) => isAtLeast(name, least))
  if (interpreter === undefined) say(`  there is no Python ${least.join('.')} or newer here`)
  const made = interpreter !== undefined && ran(interpreter, '-m', 'venv', folder)
  if (!made) return undefined
  for (const name of wanted.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) ran(found, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', name)
  writeFileSync(stamp, wanted)
  return found
}

/** Interpreters that may be here: the usual one first, then those that pyenv keeps beside it. */
function interpreters(): string[] {
  const kept = path.join(process.env['PYENV_ROOT'] ?? path.join(os.homedir(), '.pyenv'), 'versions')
  const versions = existsSync(kept) ? readdirSync(kept) : []
  return ['python3', 'python3.12', 'python3.13', ...versions.toSorted().map((version) => path.join(kept, version, 'bin', 'python'))]
}

function isAtLeast(name: string, [major, minor]: readonly [number, number]): boolean {
  const { status, stdout } = spawnSync(name, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' })
  const [a = 0, b = 0] = status === 0 ? stdout.trim().split(' ').map(Number) : []
  return a > major || (a === major && b >= minor)
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
