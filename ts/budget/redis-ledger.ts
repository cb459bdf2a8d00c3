import type { Redis } from 'ioredis'
import { CanopyError } from '../engine/error.js'
import { connectRedis, disconnectRedis, keeping, unreachable } from '../redis/client.js'
import type { Claim, Claimed, Ledger } from './ledger.js'

// One hash a tenant: the end of a slot's stay → what was spent in it, numbers between commas; `clock` holds the latest time seen, so that a
// clock that is set back revives nothing. One that is set forward forgets nothing early: time goes on only as far as the clock of the server that asks
// (which runs by itself once that server has started) says too, and nothing here expires by Redis' own clock. Doubles are whole up to 2^53, where sums stop.
const SHARED = `
local MOST = 9007199254740991
local function read(text) local out = {} for part in string.gmatch(text or '', '[^,]+') do out[#out + 1] = tonumber(part) end return out end
local function write(list) local out = {} for i, v in ipairs(list) do out[i] = string.format('%.0f', v) end return table.concat(out, ',') end
local function plus(a, b) local out = {} for i = 1, math.max(#a, #b) do out[i] = math.min(MOST, (a[i] or 0) + (b[i] or 0)) end return out end
local time = redis.call('TIME')
local now = math.max(math.min(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1])), tonumber(redis.call('HGET', KEYS[1], 'clock') or '0'))
local function total()
  local sum, all = {}, redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if all[i] ~= 'clock' then
      if tonumber(all[i]) <= now then redis.call('HDEL', KEYS[1], all[i]) else sum = plus(sum, read(all[i + 1])) end
    end
  end
  return sum
end
`
/** Keys: spending, reservations. Arguments: time, id, cost, limit, window in ms, how many reservations are looked through. Answers whether it was granted, and what is spent. */
const RESERVE = `${SHARED}
local cost, limit, window = read(ARGV[3]), read(ARGV[4]), tonumber(ARGV[5])
if redis.call('HLEN', KEYS[2]) > tonumber(ARGV[6]) then
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do if (tonumber(string.match(all[i + 1], '^(%d+)|')) or 0) <= now then redis.call('HDEL', KEYS[2], all[i]) end end
end
local spent = total()
local sum, granted = plus(spent, cost), false
for i = 1, #sum do if (limit[i] or 0) > 0 and sum[i] <= limit[i] then granted = true end end
if not granted then return {0, write(spent)} end
local slot = math.max(1, math.floor(window / 48))
local ends = string.format('%.0f', (math.floor(now / slot) + 1) * slot + window)
redis.call('HSET', KEYS[1], ends, write(plus(read(redis.call('HGET', KEYS[1], ends)), cost)), 'clock', string.format('%.0f', now))
redis.call('HSET', KEYS[2], ARGV[2], ends .. '|' .. ARGV[3])
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
return {1, write(sum)}
`
/** What has no bound stays so: nobody can tell what else was added to it. */
const REFUND = `${SHARED}
local kept = redis.call('HGET', KEYS[2], ARGV[2])
if not kept then return 0 end
redis.call('HDEL', KEYS[2], ARGV[2])
local bar = string.find(kept, '|', 1, true)
local ends, cost = string.sub(kept, 1, bar - 1), read(string.sub(kept, bar + 1))
local slot = redis.call('HGET', KEYS[1], ends)
if not slot then return 0 end
local left = read(slot)
for i = 1, #left do if left[i] < MOST then left[i] = math.max(0, left[i] - (cost[i] or 0)) end end
redis.call('HSET', KEYS[1], ends, write(left))
return 1
`
const SPENT = `${SHARED}
return write(total())
`

/** Reservations of a tenant that servers which died left behind, before they are looked through for those whose window is over. */
const MANY_RESERVED = 1_000

/** A ledger in Redis: every decision is one script, which Redis runs alone. */
export class RedisLedger implements Ledger {
  readonly #redis: Redis
  readonly #prefix: string
  /** The system's clock at the start, and from there one that nobody sets. */
  readonly #epoch = Date.now() - performance.now()

  private constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /** Connects; REDIS_UNREACHABLE where nobody answers, BUDGET_EVICTS where Redis may throw away what was spent. */
  static async open(url: string, prefix: string): Promise<RedisLedger> {
    const redis = await connectRedis(url)
    try {
      const { policy } = await keeping(redis)
      if (policy.startsWith('allkeys')) {
        throw new CanopyError('BUDGET_EVICTS', 'invalid_input', `this Redis throws entries away when its memory is full (maxmemory-policy ${policy}), what tenants have spent too: set maxmemory-policy noeviction or volatile-…, or name another Redis in redis.url`)
      }
      return new RedisLedger(redis, prefix)
    } catch (error) {
      await disconnectRedis(redis)
      throw unreachable(error)
    }
  }

  async reserve({ id, tenant, cost, limit, windowMs }: Claim): Promise<Claimed> {
    const [done, spent] = (await this.#eval(RESERVE, tenant, [id, cost.join(','), limit.join(','), String(windowMs), String(MANY_RESERVED)])) as [number, string]
    return { done: done === 1, spent: numbers(spent) }
  }

  async commit(tenant: string, id: string): Promise<void> {
    try {
      await this.#redis.hdel(this.#keys(tenant)[1], id)
    } catch (error) {
      throw unreachable(error)
    }
  }

  async refund(tenant: string, id: string): Promise<void> {
    await this.#eval(REFUND, tenant, [id])
  }

  async spent(tenant: string): Promise<number[]> {
    return numbers((await this.#eval(SPENT, tenant, [])) as string)
  }

  async close(): Promise<void> {
    await disconnectRedis(this.#redis)
  }

  /** Both keys of a tenant in one slot of a cluster. */
  #keys(tenant: string): [string, string] {
    const key = `${this.#prefix}budget:{${encodeURIComponent(tenant)}}`
    return [key, `${key}:reserved`]
  }

  async #eval(script: string, tenant: string, args: string[]): Promise<unknown> {
    try {
      return await this.#redis.eval(script, 2, ...this.#keys(tenant), Math.round(this.#epoch + performance.now()), ...args)
    } catch (error) {
      throw unreachable(error)
    }
  }
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number)
}
