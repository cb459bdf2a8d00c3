import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../ts/cli/main.js', import.meta.url))

/** What a run of the command left. */
export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** How it is run. */
export interface RunOptions {
  cwd: string
  input?: string | Buffer
  env?: Record<string, string>
  uid?: number
}

/** Runs `canopy` with these arguments. */
export function canopy(args: string[], { cwd, input, env = {}, uid }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = launch(args, { cwd, env, uid })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Starts a command that goes on, and waits for its first line. `said` is all that it wrote on standard output so far. */
export async function started(args: string[], { cwd }: RunOptions): Promise<{ child: ChildProcessWithoutNullStreams; line: string; said: () => string }> {
  const child = launch(args, { cwd, env: {}, uid: undefined })
  let text = ''
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text.split('\n', 1)[0] ?? '')
    })
    child.once('close', (code) => reject(new Error(`it ended with ${code}`)))
  })
  return { child, line, said: () => text }
}

function launch(args: string[], { cwd, env, uid }: { cwd: string; env: Record<string, string>; uid: number | undefined }): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], { cwd, env: { PATH: process.env['PATH'], HOME: cwd, NO_COLOR: '1', ...env }, ...(uid === undefined ? {} : { uid }) })
}
