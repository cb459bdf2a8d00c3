import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { PrivacyBudget, privateCount, privateHistogram, privateMean, verifyAudit } from '../../ts/index.js'
import { canopy } from '../helpers/cli.js'
import { digest } from '../helpers/keys.js'
import { serve, type Served } from '../helpers/server.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const KEY = 'the-key-of-the-tenant-acme'
const READER = 'the-key-of-who-may-read-all'

async function serveNotes(t: ExecutionContext, tenants: object, flags: Record<string, unknown> = {}): Promise<Served & { dir: string }> {
  const dir = await folder(t)
  const served = await serve(t, { 'data.dir': dir, 'budget.tenants': tenants, ...flags })
  const notes = await served.db.ensure('notes', { model: null })
  await notes.add(Array.from({ length: 400 }, (_, i) => ({ id: String(i), text: `note ${i}`, metadata: { lang: i % 4 === 0 ? 'de' : 'en', year: 2000 + (i % 20) } })))
  return { ...served, dir }
}

async function audit(dir: string): Promise<Array<Record<string, unknown>>> {
  return (await readFile(path.join(dir, 'audit.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('ε_max = 3, asked for 5: 403, nothing remains to be had, and the audit line says so', async (t) => {
  const { call, dir } = await serveNotes(t, { acme: { epsilon: 3 } })
  const count = (epsilon: string) => call('POST', '/v1/collections/notes/private/count', {}, { 'x-tenant': 'acme', 'x-epsilon': epsilon })
  const refused = await count('5')
  t.deepEqual([refused.status, refused.json.code, refused.headers.get('x-epsilon-remaining')], [403, 'BUDGET_EXCEEDED', '0'])
  t.like((await audit(dir)).at(-1), { tenant: 'acme', eps_req: 5, allowed: false })
  const granted = await count('2.5')
  t.deepEqual([granted.status, granted.headers.get('x-epsilon-remaining')], [200, '0.5'])
  t.true(Math.abs((granted.json['value'] as number) - 400) < 30, String(granted.json['value']))
  t.is((await count('0.6')).status, 403)
  t.is((await count('0.5')).status, 200)
  t.is((await call('GET', '/v1/budget', undefined, { 'x-tenant': 'acme' })).json['remaining'], 0)
  const metrics = (await call('GET', '/metrics')).text
  t.regex(metrics, /privacy_requests_total\{tenant="acme",allowed="false"\} 2/)
  t.regex(metrics, /privacy_epsilon_remaining\{tenant="acme"\} 0/)
})

test('wrong ε and wrong tenants: a code, an audit line, nothing spent', async (t) => {
  const { call, dir } = await serveNotes(t, { acme: { epsilon: 3 } })
  const cases: Array<[headers: Record<string, string>, status: number, code: string]> = [
    ...['-1', '0', 'NaN', 'Infinity', '-Infinity', 'abc', '', ' ', '1e-300', '0x'].map((epsilon): [Record<string, string>, number, string] => [{ 'x-tenant': 'acme', 'x-epsilon': epsilon }, 400, 'EPSILON_INVALID']),
    [{ 'x-tenant': 'acme' }, 400, 'EPSILON_INVALID'],
    [{ 'x-tenant': 'acme', 'x-epsilon': '1e308' }, 403, 'BUDGET_EXCEEDED'],
    [{ 'x-epsilon': '1' }, 400, 'TENANT_MISSING'],
    [{ 'x-tenant': 'nobody', 'x-epsilon': '1' }, 403, 'TENANT_UNKNOWN'],
    [{ 'x-tenant': '__proto__', 'x-epsilon': '1' }, 403, 'TENANT_UNKNOWN'],
    [{ 'x-tenant': 'x'.repeat(5000), 'x-epsilon': '9'.repeat(500) }, 400, 'EPSILON_INVALID'],
  ]
  for (const [headers, status, code] of cases) {
    const answer = await call('POST', '/v1/collections/notes/private/count', {}, headers)
    t.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(headers).slice(0, 100))
    t.like((await audit(dir)).at(-1), { allowed: false, code })
  }
  t.is((await audit(dir)).length, cases.length)
  t.is((await call('GET', '/v1/budget', undefined, { 'x-tenant': 'acme' })).json['remaining'], 3)
})

test('what a failed request reserved is given back', async (t) => {
  const { call, dir } = await serveNotes(t, { acme: { epsilon: 3 } })
  const ask = (route: string, body: object) => call('POST', `/v1/collections/notes/private/${route}`, body, { 'x-tenant': 'acme', 'x-epsilon': '3' })
  t.is((await ask('count', { filter: { lang: { nonsense: 1 } } })).json.code, 'FILTER_INVALID')
  t.like((await audit(dir)).at(-1), { tenant: 'acme', eps_req: 3, event: 'refund', code: 'FILTER_INVALID' })
  t.is((await call('POST', '/v1/collections/none/private/count', {}, { 'x-tenant': 'acme', 'x-epsilon': '3' })).status, 404)
  t.is((await ask('mean', { field: 'year', min: 5, max: 1 })).json.code, 'PRIVACY_BOUNDS')
  t.is((await ask('histogram', { field: 'lang', bins: ['de', 'de'] })).json.code, 'PRIVACY_BINS')
  t.is((await ask('count', { mechanism: 'gaussian' })).json.code, 'PRIVACY_MECHANISM')
  t.is((await ask('count', {})).status, 200, 'all of it is still there')
})

test('a tenant is bound to its key, and its key sees no records', async (t) => {
  const { call, dir } = await serveNotes(t, { acme: { epsilon: 3, keys: [digest(KEY)] }, other: { epsilon: 3 } }, { 'auth.readOnlyKeys': [READER] })
  const count = (key: string, tenant?: string) => call('POST', '/v1/collections/notes/private/count', {}, { 'x-api-key': key, 'x-epsilon': '0.1', ...(tenant === undefined ? {} : { 'x-tenant': tenant }) })
  t.is((await count(KEY, 'acme')).status, 200)
  t.is((await count(KEY)).status, 200, 'the key names the tenant')
  for (const [key, tenant] of [[KEY, 'other'], [READER, 'acme'], [READER, 'other']] as const) {
    t.deepEqual([(await count(key, tenant)).json.code, (await audit(dir)).at(-1)?.['code']], ['TENANT_KEY', 'TENANT_KEY'])
  }
  t.is((await call('GET', '/v1/collections/notes/records', undefined, { 'x-api-key': KEY })).json.code, 'AUTH_PRIVATE_ONLY')
  t.is((await call('POST', '/v1/collections/notes/search', { text: 'note' }, { 'x-api-key': KEY })).json.code, 'AUTH_PRIVATE_ONLY')
  t.is((await call('GET', '/v1/collections', undefined, { 'x-api-key': READER })).status, 200)
})

test('counts, histograms and means are near the truth, by as much as their noise says', async (t) => {
  const db = await database(t)
  const notes = await db.ensure('notes', { model: null })
  await notes.add(Array.from({ length: 1000 }, (_, i) => ({ text: `note ${i}`, metadata: { group: i % 3 === 0 ? 'a' : 'b', age: 20 + (i % 50), nested: { flag: i % 2 === 0 } } })))
  for (const mechanism of ['laplace', 'gaussian'] as const) {
    const budget = await PrivacyBudget.open({ dir: await folder(t), tenants: { t: { epsilon: 1e5, composition: 'zcdp' } } })
    const ask = { tenant: 't', epsilon: 5, mechanism }
    const near = (value: number, truth: number, scale: number) => t.true(Math.abs(value - truth) < 40 * scale + 1, `${value} ${truth} ${scale}`)
    const all = await privateCount(budget, notes, ask)
    near(all.value, 1000, all.scale)
    const some = await privateCount(budget, notes, { ...ask, filter: { 'nested.flag': true } })
    near(some.value, 500, some.scale)
    const bins = await privateHistogram(budget, notes, { ...ask, field: 'group', bins: ['a', 'b', 'c'] })
    for (const [i, truth] of [334, 666, 0].entries()) near(bins.value[i]?.count ?? NaN, truth, bins.scale)
    const mean = await privateMean(budget, notes, { ...ask, field: 'age', min: 0, max: 100 })
    t.true(Math.abs(mean.value - 44.5) < 5, String(mean.value))
    t.true(Number.isInteger(all.value))
    const values = new Set((await Promise.all(Array.from({ length: 40 }, () => privateCount(budget, notes, { ...ask, epsilon: 0.1 })))).map(({ value }) => value))
    t.true(values.size > 5, 'every answer has noise of its own')
    await budget.close()
  }
})

test('the audit file is a chain: the command finds a changed, a missing and an added line', async (t) => {
  const dir = await folder(t)
  const budget = await PrivacyBudget.open({ dir, tenants: { t: { epsilon: 1 } } })
  for (let i = 0; i < 5; i += 1) await budget.spend({ tenant: 't', epsilon: 0.1 }, async () => i)
  await fails(t, 'BUDGET_EXCEEDED', () => budget.spend({ tenant: 't', epsilon: 0.6 }, async () => 0))
  await budget.close()
  const file = path.join(dir, 'audit.jsonl')
  const { lines, head } = await verifyAudit(file)
  t.is(lines, 11)
  const good = await canopy(['budget', 'verify', file, '--head', head], { cwd: dir })
  t.is(good.code, 0, good.stderr)
  const text = await readFile(file, 'utf8')
  const all = text.split('\n')
  for (const wrong of [text.replace('"eps_req":0.6', '"eps_req":0.5'), [...all.slice(0, 3), ...all.slice(4)].join('\n'), text + (all[0] ?? '') + '\n', all.slice(0, -3).join('\n') + '\n']) {
    await writeFile(file, wrong)
    const { code, stderr } = await canopy(['budget', 'verify', file, '--head', head], { cwd: dir })
    t.is(code, 1)
    t.regex(stderr, /AUDIT_BROKEN/)
  }
})

test('the command asks and shows', async (t) => {
  const dir = await folder(t)
  const set = ['-d', dir, '--set', 'budget.tenants={"acme":{"epsilon":2}}', '--json']
  await canopy(['add', 'notes', 'one', '-d', dir], { cwd: dir })
  const counted = await canopy(['private', 'count', 'notes', '--tenant', 'acme', '--epsilon', '1.5', ...set], { cwd: dir })
  t.is(counted.code, 0, counted.stderr)
  t.is((JSON.parse(counted.stdout) as { remaining: number }).remaining, 0.5)
  const shown = await canopy(['budget', 'show', 'acme', ...set], { cwd: dir })
  t.is((JSON.parse(shown.stdout) as Array<{ remaining: number }>)[0]?.remaining, 0.5)
  const refused = await canopy(['private', 'count', 'notes', '--tenant', 'acme', '--epsilon', '1', ...set], { cwd: dir })
  t.is(refused.code, 1)
  t.regex(refused.stderr, /BUDGET_EXCEEDED/)
  t.regex((await canopy(['private', 'count', 'notes', '--tenant', 'acme', '--epsilon', 'abc', ...set], { cwd: dir })).stderr, /EPSILON_INVALID/)
})
