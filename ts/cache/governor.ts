import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Redis } from 'ioredis'
import { step, type PidOptions, type PidState } from './controller.js'

/** Where the state of the controller is, and what was counted: of one process, or of all that share Redis. */
export interface Board {
  /** The state that holds now. */
  read(): Promise<PidState | undefined>
  /** Adds counts; answers those of all servers since the last step where this server is the one to make it, else nothing. */
  turn(counts: { hits: number; misses: number }, everyMs: number): Promise<{ hits: number; misses: number } | undefined>
  write(state: PidState): Promise<void>
}

/** One process's state, in a file so that a restart goes on with it. */
export class FileBoard implements Board {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  async read(): Promise<PidState | undefined> {
    try {
      const { ttl, integral } = JSON.parse(await readFile(this.#file, 'utf8')) as Partial<PidState>
      return typeof ttl === 'number' && typeof integral === 'number' && ttl > 0 && Number.isFinite(ttl + integral) ? { ttl, integral } : undefined
    } catch {
      // None yet, or half of one: the controller starts from the beginning.
      return undefined
    }
  }

  async turn(counts: { hits: number; misses: number }): Promise<{ hits: number; misses: number }> {
    return counts
  }

  async write(state: PidState): Promise<void> {
    await writeFile(`${this.#file}.new`, JSON.stringify(state))
    await rename(`${this.#file}.new`, this.#file)
  }
}

/** Adds counts, and takes them all if no step was made for as long as one shall take. One script, so one server only gets them. */
const TURN = `
redis.call('HINCRBY', KEYS[1], 'hits', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'misses', ARGV[2])
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) then return false end
local counts = redis.call('HMGET', KEYS[1], 'hits', 'misses')
redis.call('HDEL', KEYS[1], 'hits', 'misses')
return counts
`

/** The state that servers share in Redis: whoever comes first after a window makes the step for all. */
export class RedisBoard implements Board {
  readonly #redis: Redis
  readonly #key: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#key = `${prefix}{cache-ttl}`
  }

  async read(): Promise<PidState | undefined> {
    const [ttl, integral] = await this.#redis.hmget(this.#key, 'ttl', 'integral')
    return typeof ttl !== 'string' || typeof integral !== 'string' ? undefined : { ttl: Number(ttl), integral: Number(integral) }
  }

  async turn({ hits, misses }: { hits: number; misses: number }, everyMs: number): Promise<{ hits: number; misses: number } | undefined> {
    // A little less than a window, so that a server that comes on time finds it over.
    const counts = (await this.#redis.eval(TURN, 2, this.#key, `${this.#key}:turn`, hits, misses, Math.max(1, Math.floor(everyMs * 0.9)))) as [string | null, string | null] | null
    return counts === null ? undefined : { hits: Number(counts[0] ?? 0), misses: Number(counts[1] ?? 0) }
  }

  async write({ ttl, integral }: PidState): Promise<void> {
    await this.#redis.hset(this.#key, { ttl: String(ttl), integral: String(integral) })
  }
}

/** How the TTL is governed. */
export interface GovernorOptions {
  pid: PidOptions
  /** A step each so many milliseconds. */
  everyMs: number
  /** The TTL at the very beginning, in seconds. */
  ttl: number
  /** Work out what would be done, and don't do it. */
  dryRun: boolean
  onStep?: ((state: PidState, ratio: number | undefined) => void) | undefined
}

/** Counts hits and misses and moves the TTL towards the hit ratio that is wanted. */
export class Governor {
  readonly #board: Board
  readonly #options: GovernorOptions
  readonly #timer: NodeJS.Timeout
  #state: PidState
  /** What holds in a dry run. */
  readonly #fixed: number
  #counts = { hits: 0, misses: 0 }
  #stepping: Promise<void> | undefined
  #stopped = false

  private constructor(board: Board, options: GovernorOptions, state: PidState) {
    this.#board = board
    this.#options = options
    this.#state = state
    this.#fixed = options.ttl
    this.#timer = setInterval(() => (this.#stepping ??= this.step().finally(() => (this.#stepping = undefined))), options.everyMs)
    this.#timer.unref()
  }

  /** Goes on with the state that is there. */
  static async start(board: Board, options: GovernorOptions): Promise<Governor> {
    const known = await board.read().catch(() => undefined)
    return new Governor(board, options, known ?? { ttl: options.ttl, integral: 0 })
  }

  /** Seconds that an entry is fresh. */
  get ttl(): number {
    return this.#options.dryRun ? this.#fixed : this.#state.ttl
  }

  /** What the controller thinks; in a dry run, what it would do. */
  get state(): PidState {
    return this.#state
  }

  count(hit: boolean): void {
    if (hit) this.#counts.hits += 1
    else this.#counts.misses += 1
  }

  /** One step now. Where the board can't be reached nothing changes, and the counts wait. */
  async step(): Promise<void> {
    const counts = this.#counts
    this.#counts = { hits: 0, misses: 0 }
    try {
      const all = await this.#board.turn(counts, this.#options.everyMs)
      if (this.#stopped) return
      // Another server makes the step: its result is taken over, and the same in a dry run.
      if (all === undefined) this.#state = (await this.#board.read()) ?? this.#state
      else {
        this.#state = step((await this.#board.read()) ?? this.#state, all, this.#options.everyMs / 60_000, this.#options.pid)
        await this.#board.write(this.#state)
      }
      // Whoever doesn't make the step knows its own reads only.
      const { hits, misses } = all ?? counts
      this.#options.onStep?.(this.#state, hits + misses === 0 ? undefined : hits / (hits + misses))
    } catch {
      this.#counts.hits += counts.hits
      this.#counts.misses += counts.misses
    }
  }

  /** No timer is left when this returns; a step that runs writes nothing more. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }
}
