import { randomUUID } from 'node:crypto'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { open, verifyAudit } from '../../ts/index.js'
import { canopy, started } from '../helpers/cli.js'
import { call } from '../helpers/server.js'
import { at, using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

/** Asks two server processes a thousand times at once for an eighth of ε each, of 25 in all: exactly 200 may be granted. */
async function overspend(t: ExecutionContext, sets: Array<{ dir: string; set: string[] }>): Promise<void> {
  t.timeout(120_000)
  const urls = await Promise.all(
    sets.map(async ({ dir, set }) => {
      const { child, line } = await started(['serve', '--json', '-d', dir, '--port', '0', '--set', 'log.level=silent', '--set', 'server.maxEventLoopDelayMs=0', '--set', 'budget.tenants={"t":{"epsilon":25}}', ...set.flatMap((one) => ['--set', one])], { cwd: dir })
      t.teardown(() => child.kill('SIGKILL'))
      return (JSON.parse(line) as { url: string }).url
    }),
  )
  const ask = (i: number, epsilon: string) => call(`${urls[i % 2]}/v1/collections/notes/private/count`, 'POST', {}, { 'x-tenant': 't', 'x-epsilon': epsilon })
  // Each grants one before the burst, which may be over when the slower one has made its first answer.
  const before = [await ask(0, '0.125'), await ask(1, '0.125')]
  const answers = [...before, ...(await Promise.all(Array.from({ length: 1000 }, (_, i) => ask(i, '0.125'))))]
  const byServer = [0, 1].map((server) => answers.filter(({ status }, i) => status === 200 && i % 2 === server).length)
  t.is(answers.filter(({ status }) => status === 200).length, 200)
  t.is(answers.filter(({ status, json }) => status === 403 && json.code === 'BUDGET_EXCEEDED').length, 802)
  t.true(byServer.every((granted) => granted > 0), `both granted: ${byServer.join(' and ')}`)
  t.is((await ask(0, '0.00001')).status, 403)
}

async function notes(dir: string): Promise<string> {
  const db = await open(dir)
  await (await db.ensure('notes', { model: null })).add([{ text: 'one' }])
  await db.close()
  return dir
}

test('two servers over one folder can’t overspend by one, and write one chain', async (t) => {
  const dir = await notes(await folder(t))
  await overspend(t, [{ dir, set: [] }, { dir, set: ['data.readOnly=true'] }])
  t.is((await verifyAudit(path.join(dir, 'audit.jsonl'))).lines, 2 * 200 + 803)
  t.is((await canopy(['budget', 'verify', path.join(dir, 'audit.jsonl')], { cwd: dir })).code, 0)
})

using('redis')('redis: two servers that share Redis can’t overspend by one', async (t) => {
  const set = [`redis.url=${at('redis')}`, `redis.prefix=test-${randomUUID()}:`]
  await overspend(t, [{ dir: await notes(await folder(t)), set }, { dir: await notes(await folder(t)), set }])
})
