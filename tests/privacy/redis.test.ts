import { randomUUID } from 'node:crypto'
import { PrivacyBudget } from '../../ts/index.js'
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
