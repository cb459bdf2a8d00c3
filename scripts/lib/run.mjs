import { spawn, spawnSync } from 'node:child_process'
import { root } from './paths.mjs'

const windows = process.platform === 'win32'

/**
 * Runs a program in the repository. Resolves with `{ code, output }`; rejects on a failure unless `check` is false.
 * `quiet` keeps the output back and prints it only when the program fails.
 */
export function run(program, args, { env = {}, quiet = false, check = true, cwd = root, onLine } = {}) {
  return new Promise((resolve, reject) => {
    // npm is a .cmd file on Windows, which only a shell starts.
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], shell: windows && program === 'npm' })
    let output = ''
    let rest = ''
    const take = (chunk) => {
      const text = chunk.toString()
      output += text
      if (!quiet) process.stdout.write(text)
      if (onLine === undefined) return
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(onLine)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => {
      if (rest !== '') onLine?.(rest)
      if (code === 0 || !check) resolve({ code, output })
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}${quiet ? `\n${output.slice(-8000)}` : ''}`))
    })
  })
}

/** The first line that `program --version` prints, or undefined where there is no such program. */
export function version(program, args = ['--version']) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', shell: windows, cwd: root })
  return status === 0 ? stdout.split('\n', 1)[0] : undefined
}
