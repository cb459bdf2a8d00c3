import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A server in a process of its own, on a folder that outlives it. */
export class Soaked {
  url = ''
  #child: ChildProcess | undefined

  constructor(
    readonly folder: string,
    readonly settings: Record<string, unknown>,
  ) {}

  /** Starts it, or starts it again. */
  async start(): Promise<void> {
    const child = fork(fileURLToPath(new URL('../http/server.js', import.meta.url)), [this.folder, JSON.stringify(this.settings)])
    this.#child = child
    ;[this.url] = (await once(child, 'message')) as [string]
  }

  /** As a power cut or the kernel's memory killer does it. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.send('stop')
    await gone
  }

  /** Resident bytes, open handles and threads, as Linux counts them. */
  state(): { resident: number; handles: number; threads: number } {
    const pid = this.#child?.pid
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { resident: field('VmRSS') * 1024, handles: readdirSync(`/proc/${pid}/fd`).length, threads: field('Threads') }
  }
}
