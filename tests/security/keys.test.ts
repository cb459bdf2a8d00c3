import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { loadConfig } from '../../ts/config/load.js'
import { canopy, started } from '../helpers/cli.js'
import { eventually } from '../helpers/eventually.js'
import { digest } from '../helpers/keys.js'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

const KEYS = ['the-first-key-of-the-test', 'the-second-key-of-the-test', 'the-third-key-of-the-test']

// Before the others: it replaces a function of the whole process.
test.serial('every key is compared, in constant time, whichever was sent', async (t) => {
  const real = crypto.timingSafeEqual
  let compared = 0
  crypto.timingSafeEqual = (a, b) => {
    compared += 1
    return real(a, b)
  }
  syncBuiltinESMExports()
  t.teardown(() => {
    crypto.timingSafeEqual = real
    syncBuiltinESMExports()
  })
  const { call } = await serve(t, { 'auth.keys': KEYS })
  const counts: number[] = []
  for (const key of [...KEYS, 'a-key-that-nobody-has-made', 'x']) {
    compared = 0
    await call('GET', '/v1/collections', undefined, { 'x-api-key': key })
    counts.push(compared)
  }
  t.true(counts[0] !== undefined && counts[0] >= KEYS.length)
  t.is(new Set(counts).size, 1, counts.join(' '))
})

test('a configuration holds digests; the key opens, the digest itself does not', async (t) => {
  const [write = '', read = ''] = KEYS
  const { call } = await serve(t, { 'auth.keys': [write], 'auth.readOnlyKeys': [read] })
  const status = async (key: string, method = 'GET'): Promise<number> => (await call(method, '/v1/collections', method === 'POST' ? { name: `n${Date.now()}`, model: null } : undefined, { 'x-api-key': key })).status
  t.deepEqual([await status(write), await status(read)], [200, 200])
  t.deepEqual([await status(write, 'POST'), await status(read, 'POST')], [201, 403])
  t.deepEqual([await status(digest(write)), await status(digest(write).slice('sha256:'.length))], [401, 401])
})

test('a key is refused where its digest belongs, with the way to make one and without the key', (t) => {
  const tenants = (key: string) => ({ acme: { epsilon: 1, keys: [key] } })
  for (const wrong of [...KEYS, 'short', 'sha256:0123456789abcdef', digest('x').toUpperCase().replace('SHA256', 'sha256')]) {
    for (const flags of [{ 'auth.keys': [wrong] }, { 'auth.readOnlyKeys': [digest('y'), wrong] }, { 'budget.tenants': tenants(wrong) }]) {
      const error = t.throws(() => loadConfig({ env: {}, cwd: '/', flags }), { code: 'CONFIG_VALUE', message: /canopy key create/ })
      t.false(error?.message.includes(wrong))
    }
  }
  t.notThrows(() => loadConfig({ env: { CANOPY_AUTH_KEYS: KEYS.map(digest).join(', ') }, cwd: '/', flags: { 'budget.tenants': tenants(digest('z')) } }))
})

test('canopy key makes keys of 256 bits and the digests of old ones', async (t) => {
  const cwd = await folder(t)
  const made = [await canopy(['key', 'create', '--json'], { cwd }), await canopy(['key', '--json'], { cwd })].map(({ stdout }) => JSON.parse(stdout) as { key: string; digest: string })
  t.not(made[0]?.key, made[1]?.key)
  for (const { key, digest: printed } of made) {
    t.regex(key, /^canopy_[\w-]{43}$/)
    t.is(printed, digest(key))
  }
  const old = await canopy(['key', 'digest', '--json'], { cwd, input: `${KEYS[0]}\n` })
  t.deepEqual(JSON.parse(old.stdout), { digest: digest(KEYS[0] ?? '') })
  t.is((await canopy(['key', 'digest'], { cwd, input: 'short' })).code, 2)
})

test('neither the log nor the configuration that is printed holds a key', async (t) => {
  const cwd = await folder(t)
  const [key = ''] = KEYS
  const config = await canopy(['config', '--json', '--set', `auth.keys=${digest(key)}`, '--set', `store.url=postgres://me:${key}@db.example/x`, '--set', `redis.url=redis://:${key}@cache.example`], { cwd })
  t.is(config.code, 0, config.stderr)
  t.false(config.stdout.includes(key) || config.stdout.includes(digest(key)))
  const { child, line } = await started(['serve', '--port', '0', '--api-key', digest(key), '--set', 'log.level=trace', '--json'], { cwd })
  let output = line
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await eventually(async () => output.includes('{"url"'))
  const { url } = JSON.parse(/\{"url".*?\}/.exec(output)?.[0] ?? '{}') as { url?: string }
  if (url !== undefined) for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }, { authorization: `Basic ${key}` }]) await fetch(`${url}/v1/collections`, { headers })
  await sleep(100)
  child.kill('SIGTERM')
  await once(child, 'close')
  t.truthy(url, output)
  t.regex(output, /"reqId"|request completed/)
  t.false(output.includes(key))
})
