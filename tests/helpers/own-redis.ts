import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { eventually } from './eventually.js'
import { at } from './services.js'

/** A Redis of one test, with settings that others must not see, that may be killed and started again. */
export interface OwnRedis {
  url: string
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts the program that the tests' Redis runs, on a free port. */
export async function ownRedis(t: ExecutionContext, dir: string, settings: readonly string[]): Promise<OwnRedis> {
  const client = new Redis(at('redis'))
  const program = /^executable:(.*?)\r?$/m.exec(await client.info('server'))?.[1] ?? 'redis-server'
  client.disconnect()
  const port = await freePort()
  let child: ChildProcess
  const running = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)).once('connect', () => socket.destroy())
    })
  const own: OwnRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      child = spawn(program, ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', ...settings], { stdio: 'ignore', env: { ...process.env, ...libraries(program) } })
      await eventually(running)
    },
    async kill() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
  await own.start()
  t.teardown(() => own.kill())
  return own
}

/** Packages that were only unpacked bring their libraries along. */
function libraries(program: string): { LD_LIBRARY_PATH?: string } {
  const folder = path.join(path.dirname(program), '..', 'lib')
  if (!program.includes(`${path.sep}packages${path.sep}`)) return {}
  return { LD_LIBRARY_PATH: readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name)).join(':') }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
