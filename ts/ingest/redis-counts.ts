import type { Redis } from 'ioredis'

/** A push that asks to be let in. */
export interface Entry {
  id: string
  target: string
  records: number
  /** Of target and body; compared where the push has a key. */
  digest: string
  keyed: boolean
}

/** `again`: it was let in before and may not have arrived in the queue; it is as young as one that is new. */
export type Admission = { status: 'new' | 'again' | 'repeated'; seq: number; records: number } | { status: 'conflict' } | { status: 'full'; depth: number }

/** KEYS depth, items, waiting, seq, seen; ARGV id, records, target, capacity, keyed, digest, remembered for. */
const ADMIT = `
if ARGV[5] == '1' then
  local seen = redis.call('GET', KEYS[5])
  if seen then
    local digest, seq, records = string.match(seen, '^(%S+) (%d+) (%d+)$')
    if digest ~= ARGV[6] then return {'conflict', '0', '0'} end
    if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return {'repeated', seq, records} end
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ' ' .. redis.call('TIME')[1] .. ' ' .. ARGV[3])
    return {'again', seq, records}
  end
end
local depth = tonumber(redis.call('GET', KEYS[1]) or '0')
if depth + tonumber(ARGV[2]) > tonumber(ARGV[4]) then return {'full', tostring(depth), '0'} end
local seq = redis.call('INCR', KEYS[4])
redis.call('INCRBY', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ' ' .. redis.call('TIME')[1] .. ' ' .. ARGV[3])
redis.call('HINCRBY', KEYS[3], ARGV[3], ARGV[2])
if ARGV[5] == '1' then redis.call('SET', KEYS[5], ARGV[6] .. ' ' .. seq .. ' ' .. ARGV[2], 'PX', ARGV[7]) end
return {'new', tostring(seq), ARGV[2]}
`

/** KEYS depth, items, waiting; ARGV seconds, ids: takes out those that are at least so old. Answers which. */
const LEAVE = `
local now = tonumber(redis.call('TIME')[1])
local left = {}
for i = 2, #ARGV do
  local item = redis.call('HGET', KEYS[2], ARGV[i])
  if item then
    local records, at, target = string.match(item, '^(%d+) (%d+) (.*)$')
    if now - tonumber(at) >= tonumber(ARGV[1]) then
      redis.call('HDEL', KEYS[2], ARGV[i])
      redis.call('DECRBY', KEYS[1], records)
      if redis.call('HINCRBY', KEYS[3], target, -records) <= 0 then redis.call('HDEL', KEYS[3], target) end
      left[#left + 1] = ARGV[i]
    end
  end
end
return left
`
/** Ids a script: others wait for Redis meanwhile. */
const CHUNK = 1000

/** What is in the queues of all targets together: how many records, which, and which keys were used. Changed by scripts, so by all servers as by one. */
export class RedisCounts {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #capacity: number
  readonly #rememberMs: number

  constructor(redis: Redis, prefix: string, { capacity, rememberMs }: { capacity: number; rememberMs: number }) {
    this.#redis = redis
    this.#prefix = prefix
    this.#capacity = capacity
    this.#rememberMs = rememberMs
  }

  /** Lets a push in, unless there are too many records or its key was used. `beyond`: whatever the capacity. */
  async admit({ id, target, records, digest, keyed }: Entry, beyond = false): Promise<Admission> {
    const keys = ['depth', 'items', 'waiting', 'seq', `seen:${id}`].map((name) => this.#key(name))
    const [status, a, b] = (await this.#redis.eval(ADMIT, keys.length, ...keys, id, records, target, beyond ? Number.MAX_SAFE_INTEGER : this.#capacity, keyed ? '1' : '0', digest, this.#rememberMs)) as [Admission['status'], string, string]
    if (status === 'conflict') return { status }
    return status === 'full' ? { status, depth: Number(a) } : { status, seq: Number(a), records: Number(b) }
  }

  /** These are in the queue no more. */
  async leave(ids: readonly string[], olderThanSeconds = 0): Promise<string[]> {
    const keys = ['depth', 'items', 'waiting'].map((name) => this.#key(name))
    const left: string[] = []
    for (let at = 0; at < ids.length; at += CHUNK) left.push(...((await this.#redis.eval(LEAVE, keys.length, ...keys, olderThanSeconds, ...ids.slice(at, at + CHUNK))) as string[]))
    return left
  }

  /** These never arrived: whoever sends them again with their keys is let in. */
  async forget(ids: readonly string[], olderThanSeconds: number): Promise<void> {
    for (const id of await this.leave(ids, olderThanSeconds)) await this.#redis.del(this.#key(`seen:${id}`))
  }

  /** Targets for which records wait. */
  async targets(): Promise<string[]> {
    return this.#redis.hkeys(this.#key('waiting'))
  }

  /** Ids of a target's items. */
  async ids(target: string): Promise<string[]> {
    const found: string[] = []
    for await (const entries of this.#redis.hscanStream(this.#key('items'), { count: 1000 }) as AsyncIterable<string[]>) {
      for (let i = 0; i < entries.length; i += 2) if (entries[i + 1]?.replace(/^\d+ \d+ /, '') === target) found.push(entries[i] ?? '')
    }
    return found
  }

  async depth(): Promise<number> {
    return Number((await this.#redis.get(this.#key('depth'))) ?? 0)
  }

  #key(name: string): string {
    return `${this.#prefix}:${name}`
  }
}
