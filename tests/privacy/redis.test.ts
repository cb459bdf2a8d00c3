import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { PrivacyBudget } from '../../ts/index.js'
import { ownRedis } from '../helpers/own-redis.js'
import { at, using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { proxy } from '../helpers/toxi.js'

using('redis')('redis: refunds once, keeps what was released, forgets after the window', async (t) => {
  const budget = await PrivacyBudget.open({ dir: await folder(t), redis: at('redis'), prefix: `test-${randomUUID()}:`, tenants: { t: { epsilon: 1 } }, windowMs: 1000 })
  t.teardown(() => budget.close())
  await t.throwsAsync(budget.spend({ tenant: 't', epsilon: 1 }, async () => Promise.reject(new Error('failed on purpose'))), { message: 'failed on purpose' })
  t.is((await budget.state('t')).remaining, 1)
  t.is((await budget.spend({ tenant: 't', epsilon: 1 }, async () => 'released')).value, 'released')
  await fails(t, 'BUDGET_EXCEEDED', () => budget.spend({ tenant: 't', epsilon: 0.1 }, async () => 0))
  await new Promise((resolve) => setTimeout(resolve, 1300))
  t.is((await budget.state('t')).remaining, 1)
})

using('redis', 'toxiproxy')('redis: without Redis nothing is granted, and afterwards everything goes on', async (t) => {
  const { port, enable } = await proxy(t, Number(new URL(at('redis')).port))
  const budget = await PrivacyBudget.open({ dir: await folder(t), redis: `redis://127.0.0.1:${port}`, prefix: `test-${randomUUID()}:`, tenants: { t: { epsilon: 1 } } })
  t.teardown(() => budget.close())
  await enable(false)
  await fails(t, 'REDIS_UNREACHABLE', () => budget.spend({ tenant: 't', epsilon: 0.5 }, async () => 0))
  await enable(true)
  for (let tries = 0; ; tries += 1) {
    try {
      t.is((await budget.spend({ tenant: 't', epsilon: 1 }, async () => 0)).remaining, 0)
      break
    } catch (error) {
      if (tries > 40) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
})

using('redis')('redis: no clock that is set, of a server or back and forth, gives ε back early', async (t) => {
  const place = { dir: await folder(t), redis: at('redis'), prefix: `test-${randomUUID()}:`, tenants: { t: { epsilon: 1 } } }
  const now = Date.now
  const opened = async (jump: number): Promise<PrivacyBudget> => {
    try {
      Date.now = () => now() + jump
      return await PrivacyBudget.open(place)
    } finally {
      Date.now = now
    }
  }
  const spender = await opened(0)
  t.teardown(() => spender.close())
  await spender.spend({ tenant: 't', epsilon: 1 }, async () => 0)
  for (const jump of [30, -30, 400, -20_000]) {
    const budget = await opened(jump * 86_400_000)
    await fails(t, 'BUDGET_EXCEEDED', () => budget.spend({ tenant: 't', epsilon: 0.1 }, async () => 0))
    await budget.close()
  }
  const redis = new Redis(at('redis'))
  t.teardown(() => redis.disconnect())
  const keys = await redis.keys(`${place.prefix}*`)
  t.true(keys.length > 0)
  for (const key of keys) t.is(await redis.pttl(key), -1, 'nothing expires by Redis’ own clock')
})

using('redis')('redis: one that may throw away what was spent is refused', async (t) => {
  const { url } = await ownRedis(t, await folder(t), ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'])
  await fails(t, 'BUDGET_EVICTS', async () => PrivacyBudget.open({ dir: await folder(t), redis: url, tenants: { t: { epsilon: 1 } } }))
})
