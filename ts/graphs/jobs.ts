import { CanopyError, toCanopyError } from '../engine/error.js'

/** Work that goes on after the answer that started it. */
export interface Job {
  id: string
  /** What it does: `embed:node2vec`, `persistence`. */
  kind: string
  graph: string
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  done: number
  /** 0 while it isn't known. */
  total: number
  startedAt: string
  endedAt: string | null
  result: unknown
  error: { code: string; message: string } | null
}

type Work = (call: { signal: AbortSignal; onProgress: (done: number, total: number) => void }) => Promise<unknown>

interface Entry {
  job: Job
  controller: AbortController
  work: Work
}

/** Jobs that wait or run at most; one runs at a time, since each takes every core. */
const MOST_OPEN = 32
/** Ended jobs that are remembered. */
const MOST_ENDED = 100

/** The jobs of one server. */
export class Jobs {
  readonly #entries = new Map<string, Entry>()
  #running: Promise<void> = Promise.resolve()

  /** Starts work, or lets it wait for its turn. Throws `JOBS_FULL`. */
  start(kind: string, graph: string, work: Work): Job {
    const open = [...this.#entries.values()].filter(({ job }) => job.endedAt === null).length
    if (open >= MOST_OPEN) throw new CanopyError('JOBS_FULL', 'unavailable', `${open} jobs wait already: try again when some have ended`)
    const job: Job = { id: crypto.randomUUID(), kind, graph, state: 'waiting', done: 0, total: 0, startedAt: new Date().toISOString(), endedAt: null, result: null, error: null }
    const entry = { job, controller: new AbortController(), work }
    this.#entries.set(job.id, entry)
    this.#running = this.#running.then(() => run(entry))
    this.#forgetOld()
    return job
  }

  /** Every job, the newest first. */
  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => job).toReversed()
  }

  /** Throws `JOB_NOT_FOUND`. */
  get(id: string): Job {
    return this.#entry(id).job
  }

  /** Stops a job; one that has ended stays what it is. */
  cancel(id: string): Job {
    const { job, controller } = this.#entry(id)
    controller.abort()
    if (job.state === 'waiting') end(job, 'cancelled')
    return job
  }

  /** Cancels everything and waits until nothing runs. */
  async close(): Promise<void> {
    for (const { job } of this.#entries.values()) if (job.endedAt === null) this.cancel(job.id)
    await this.#running
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new CanopyError('JOB_NOT_FOUND', 'not_found', `there is no job ${id.slice(0, 64)}: the last ${MOST_ENDED} of this process are kept`)
    return entry
  }

  #forgetOld(): void {
    const ended = [...this.#entries.values()].filter(({ job }) => job.endedAt !== null)
    for (const { job } of ended.slice(0, Math.max(ended.length - MOST_ENDED, 0))) this.#entries.delete(job.id)
  }
}

async function run({ job, controller: { signal }, work }: Entry): Promise<void> {
  if (signal.aborted) return
  job.state = 'running'
  try {
    job.result = await work({ signal, onProgress: (done, total) => Object.assign(job, { done, total }) })
    end(job, 'done')
  } catch (error) {
    if (signal.aborted) return end(job, 'cancelled')
    const { code, message } = toCanopyError(error)
    job.error = { code, message }
    end(job, 'failed')
  }
}

function end(job: Job, state: Job['state']): void {
  job.state = state
  job.endedAt = new Date().toISOString()
}
