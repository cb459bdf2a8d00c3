import type { Redis } from 'ioredis'
import { CanopyError } from '../engine/error.js'

/** How long a connection may take, and one command. */
const CONNECT_MS = 5_000
const COMMAND_MS = 5_000

/**
 * A client of Redis that fails fast: a command that can't be sent is refused rather than kept for later, since a decision that arrives after its
 * request was answered is worse than none. It connects again by itself.
 *
 * Throws REDIS_UNREACHABLE, REDIS_AUTH.
 */
export async function connectRedis(url: string): Promise<Redis> {
  const { Redis: Client } = await import('ioredis')
  const client = new Client(url, { lazyConnect: true, maxRetriesPerRequest: 1, connectTimeout: CONNECT_MS, commandTimeout: COMMAND_MS, enableOfflineQueue: false, enableAutoPipelining: true, retryStrategy: (times) => Math.min(50 * 2 ** times, 2_000) })
  // Errors of the connection come to the commands that need it; without a listener they would end the process.
  let reason: Error | undefined
  client.on('error', (error: Error) => (reason = error))
  try {
    await client.connect()
    return client
  } catch (error) {
    client.disconnect()
    // "Connection is closed" says less than why it was.
    throw unreachable(reason ?? error)
  }
}

/** Any failure of a command, as the error that callers see. */
export function unreachable(error: unknown): CanopyError {
  if (error instanceof CanopyError) return error
  const { message } = error as Error
  if (/\b(NOAUTH|WRONGPASS|NOPERM)\b|invalid password/i.test(message)) return new CanopyError('REDIS_AUTH', 'permission', `Redis lets nobody in like this (${message}): check user and password in the address`, { cause: error })
  return new CanopyError('REDIS_UNREACHABLE', 'unavailable', `Redis does not answer (${message}): check redis.url and that the server runs; try again`, { cause: error })
}

/** What a Redis does with what it was given: what it throws away when its memory is full (`noeviction` where it has no limit), and whether it keeps a log. */
export async function keeping(client: Redis): Promise<{ policy: string; logged: boolean }> {
  const info = await client.info()
  const value = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const limited = Number(value('maxmemory') ?? 0) > 0
  return { policy: limited ? (value('maxmemory_policy') ?? 'noeviction') : 'noeviction', logged: value('aof_enabled') !== '0' }
}

/** Ends a connection: no socket and no timer is left when this resolves. */
export async function disconnectRedis(client: Redis): Promise<void> {
  if (client.status === 'end') return
  const ended = new Promise((resolve) => client.once('end', resolve))
  client.disconnect()
  // Ending politely would keep a timer for a server that doesn't answer.
  client.stream?.destroy()
  await ended
}
