import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CanopyError } from '../../engine/error.js'
import type { Neo4jConnection, Run } from '../../stores/neo4j/connection.js'
import { ensureUnique } from './schema.js'

const LOCK = "(l:CanopyMigrationLock {name: 'migrations'})"
const RENEW = `MATCH ${LOCK} WHERE l.holder = $holder SET l.until = timestamp() + $ms RETURN 1 AS held`
const POLL_MS = 200

/** The lock of migrators: a node that says who has it and until when, by the server's clock. Who was killed loses it when its time is up. */
export class Lease {
  readonly holder = randomUUID()
  readonly #connection: Neo4jConnection
  readonly #by: string
  readonly #ms: number
  #heartbeat: NodeJS.Timeout | undefined

  constructor(connection: Neo4jConnection, by: string, ms: number) {
    this.#connection = connection
    this.#by = by
    this.#ms = ms
  }

  /** Takes the lock, waiting for `waitMs` at most. Throws MIGRATION_LOCKED. */
  async take(waitMs: number): Promise<void> {
    await ensureUnique(this.#connection, 'lock', 'CanopyMigrationLock', 'name')
    const end = Date.now() + waitMs
    for (;;) {
      const taken = await this.#try()
      if (taken === undefined) break
      if (Date.now() >= end) {
        throw new CanopyError('MIGRATION_LOCKED', 'conflict', `migrations of ${this.#connection.where} are being run by ${taken.by} for ${Math.round(taken.heldMs / 1000)} s: wait for them (--wait), or try again`)
      }
      await sleep(Math.min(POLL_MS, Math.max(1, end - Date.now())))
    }
    this.#heartbeat = setInterval(() => void this.#renew(), this.#ms / 4).unref()
  }

  /** Throws MIGRATION_LOCK_LOST when somebody else has taken the lock. One whose time was up, but that nobody took, is still ours. */
  async check(): Promise<void> {
    await this.#connection.write((run) => this.fence(run))
  }

  /** The same inside a transaction: until that ends nobody else can take the lock. */
  async fence(run: Run): Promise<void> {
    const held = await run(RENEW, { holder: this.holder, ms: this.#ms })
    if (held.length > 0) return
    throw new CanopyError('MIGRATION_LOCK_LOST', 'conflict', `the lock on migrations of ${this.#connection.where} was taken over, because this process or the server stood still for over ${this.#ms / 1000} s: nothing more was done; run the command again`)
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#connection.rows(`MATCH ${LOCK} WHERE l.holder = $holder SET l.until = 0, l.holder = null`, { holder: this.holder })
  }

  async #try(): Promise<{ by: string; heldMs: number } | undefined> {
    // Writing to the node first takes its lock in the server, so that what is read after is not somebody else's past.
    const found = await this.#connection.write(
      async (run) =>
        run<{ mine: boolean; by: string; heldMs: number }>(
          `MERGE ${LOCK} SET l.asked = timestamp()
           WITH l, coalesce(l.until, 0) < timestamp() OR l.holder = $holder AS free
           FOREACH (_ IN CASE WHEN free THEN [1] ELSE [] END | SET l.holder = $holder, l.by = $by, l.since = timestamp(), l.until = timestamp() + $ms)
           RETURN free AS mine, l.by AS by, toFloat(timestamp() - l.since) AS heldMs`,
          { holder: this.holder, by: this.#by, ms: this.#ms },
        ),
      { timeoutMs: 5_000 },
    ).catch((error: unknown) => {
      // A transaction of the holder has the node: it is at work.
      if (error instanceof CanopyError && error.code === 'NEO4J_TIMEOUT') return [{ mine: false, by: 'another process', heldMs: 0 }]
      throw error
    })
    const [row] = found
    return row === undefined || row.mine ? undefined : row
  }

  async #renew(): Promise<void> {
    // A beat that fails, or waits for a transaction of ours that has the node, is followed by another; who goes on looks for himself.
    await this.#connection.rows(RENEW, { holder: this.holder, ms: this.#ms }, { timeoutMs: this.#ms }).catch(() => {})
  }
}
