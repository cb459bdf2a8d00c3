import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { loadConfig, type Inputs } from '../../ts/config/load.js'
import { settings } from '../../ts/config/schema.js'
import { CanopyError } from '../../ts/index.js'
import { digest } from '../helpers/keys.js'
import { folder } from '../helpers/temp.js'

function failure(inputs: Inputs): CanopyError {
  try {
    loadConfig({ env: {}, cwd: '/', ...inputs })
  } catch (error) {
    if (error instanceof CanopyError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('flags win over the environment, the environment over the file, the file over the default', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'canopy.yaml'), 'server:\n  port: 1001\n  host: localhost\n  shutdownMs: 5\n')
  const env = { CANOPY_SERVER_PORT: '1002', CANOPY_SERVER_SHUTDOWN_MS: '6' }
  const { config, sources } = loadConfig({ cwd, env, flags: { 'server.port': 1003 } })
  t.is(config.server.port, 1003)
  t.is(config.server.shutdownMs, 6)
  t.is(config.server.host, 'localhost')
  t.is(config.server.bodyLimit, 1024 * 1024)
  t.deepEqual(['server.port', 'server.shutdownMs', 'server.host', 'server.bodyLimit'].map((key) => sources.get(key)?.source), ['flag', 'environment', 'file', 'default'])
})

test('the gains of the cache have the names of their contract, in their section or in one of their own', async (t) => {
  const cwd = await folder(t)
  for (const text of ['cache:\n  pid: { target_hit_ratio: 0.6, Kp: 0.3, Ki: 0.04, I_max: 4 }\n', 'pid: { target_hit_ratio: 0.6, Kp: 0.3, Ki: 0.04, I_max: 4 }\n']) {
    await writeFile(path.join(cwd, 'canopy.yaml'), text)
    const { config, sources } = loadConfig({ cwd, env: {} })
    t.deepEqual(config.cache.pid, { target_hit_ratio: 0.6, Kp: 0.3, Ki: 0.04, I_max: 4 })
    t.is(sources.get('cache.pid')?.source, 'file')
  }
  await writeFile(path.join(cwd, 'canopy.yaml'), 'pid: { target: 0.6 }\n')
  t.is(failure({ cwd }).code, 'CONFIG_VALUE')
})

test('a key that does not exist is refused with the nearest that does, wherever it stands', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'canopy.yaml'), 'server:\n  prot: 1\n')
  for (const inputs of [{ cwd }, { env: { CANOPY_SERVER_PROT: '1' } }, { flags: { 'server.prot': 1 } }]) {
    const error = failure(inputs)
    t.is(error.code, 'CONFIG_KEY')
    t.regex(error.message, /Did you mean "(server\.port|CANOPY_SERVER_PORT)"\?/)
  }
})

test('a section that does not exist is a key that does not exist', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'canopy.yaml'), 'sever: 1\n')
  t.is(failure({ cwd }).code, 'CONFIG_KEY')
})

test('a value that cannot be is refused with its place and what it must be', (t) => {
  for (const [key, value, rule] of [
    ['server.port', 'high', /integer/],
    ['server.port', '70000', /<= 65535/],
    ['data.durability', 'hope', /process, power/],
    ['log.level', 'loud', /silent/],
    ['auth.keys', 'short', /sha256/],
    ['data.readOnly', 'maybe', /boolean/],
  ] as const) {
    const error = failure({ flags: { [key]: value } })
    t.is(error.code, 'CONFIG_VALUE')
    t.regex(error.message, rule)
    t.true(error.message.includes(key))
  }
})

test('a wrong API key is not printed', (t) => {
  t.false(failure({ flags: { 'auth.keys': 'geheim' } }).message.includes('geheim'))
})

test('a file that is not there or not YAML is refused by name', async (t) => {
  const cwd = await folder(t)
  const file = path.join(cwd, 'broken.yaml')
  t.is(failure({ file }).code, 'CONFIG_FILE')
  await writeFile(file, 'server: [1,\n')
  t.is(failure({ file }).code, 'CONFIG_FILE')
})

test('every setting has a description, a type, a default that is valid, and a variable of its own', (t) => {
  t.notThrows(() => loadConfig({ env: {}, cwd: '/' }))
  t.true(settings.every(({ description }) => description.length > 10))
  t.is(new Set(settings.map(({ env }) => env)).size, settings.length)
})

test('lists and objects come from the environment as text', (t) => {
  const { config } = loadConfig({ cwd: '/', env: { CANOPY_AUTH_KEYS: `${digest('one')}, ${digest('two')}`, CANOPY_MODELS_REMOTE: '{"far":{"url":"http://127.0.0.1:1/v1","model":"m","dim":4}}' } })
  t.is(config.auth.keys.length, 2)
  t.is(config.models.remote['far']?.dim, 4)
})
