import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { loadConfig } from '../../ts/config/load.js'
import { startServer } from '../../ts/server/start.js'
import { digest } from '../helpers/keys.js'
import { call, type Answer } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'
import { eventually } from '../helpers/eventually.js'

const [OLD, NEW] = ['the-old-key-of-the-test', 'the-new-key-of-the-test']

interface Followed {
  file: string
  get(path: string, key?: string, headers?: Record<string, string>): Promise<Answer>
}

/** A server that follows `canopy.yaml` in a folder of its own, or one that is there. */
async function followed(t: ExecutionContext, yaml: string | undefined, there?: string): Promise<Followed> {
  const cwd = there ?? (await folder(t))
  const file = path.join(cwd, 'canopy.yaml')
  if (yaml !== undefined) await writeFile(file, yaml)
  const flags = { 'data.dir': path.join(cwd, 'data'), 'server.port': 0, 'server.maxEventLoopDelayMs': 0 }
  const load = () => loadConfig({ cwd, env: { CANOPY_LOG_LEVEL: 'silent' }, flags })
  const loaded = load()
  const { url, stop } = await startServer(loaded.config, { signals: false, follow: { loaded, load } })
  t.teardown(stop)
  return { file, get: (at, key, headers) => call(`${url}${at}`, 'GET', undefined, { ...(key === undefined ? {} : { 'x-api-key': key }), ...headers }) }
}

test('keys are rotated without a restart, whether the file is rewritten or replaced', async (t) => {
  const { file, get } = await followed(t, `auth:\n  keys: [${digest(OLD)}]\n`)
  const status = async (key: string): Promise<number> => (await get('/v1/collections', key)).status
  t.deepEqual([await status(OLD), await status(NEW)], [200, 401])
  await writeFile(file, `auth:\n  keys: [${digest(OLD)}, ${digest(NEW)}]\n`)
  await eventually(async () => (await status(NEW)) === 200)
  t.is(await status(OLD), 200)
  // As editors save: a new file takes the name of the old one.
  await writeFile(`${file}.new`, `auth:\n  keys: [${digest(NEW)}]\n`)
  await rename(`${file}.new`, file)
  await eventually(async () => (await status(OLD)) === 401)
  t.is(await status(NEW), 200)
  // As orchestrators do: the name becomes a link to another file.
  await writeFile(`${file}.linked`, `auth:\n  readOnlyKeys: [${digest(OLD)}]\n`)
  await symlink(`${file}.linked`, `${file}.link`)
  await rename(`${file}.link`, file)
  await eventually(async () => (await status(NEW)) === 401)
  t.is(await status(OLD), 200)
})

test('a file that is mounted by an orchestrator, or is a link to another folder, is followed to where it is', async (t) => {
  // Kubernetes: canopy.yaml → ..data/canopy.yaml, ..data → a folder of one version; a change moves ..data.
  const cwd = await folder(t)
  const version = async (name: string, key: string): Promise<void> => {
    await mkdir(path.join(cwd, name))
    await writeFile(path.join(cwd, name, 'canopy.yaml'), `auth:\n  keys: [${digest(key)}]\n`)
    await symlink(name, path.join(cwd, '..data_tmp'))
    await rename(path.join(cwd, '..data_tmp'), path.join(cwd, '..data'))
  }
  await version('..1', OLD)
  await symlink(path.join('..data', 'canopy.yaml'), path.join(cwd, 'canopy.yaml'))
  const { get } = await followed(t, undefined, cwd)
  const status = async (key: string): Promise<number> => (await get('/v1/collections', key)).status
  t.deepEqual([await status(OLD), await status(NEW)], [200, 401])
  await version('..2', NEW)
  await eventually(async () => (await status(NEW)) === 200)
  t.is(await status(OLD), 401)
  // And now its target is edited where it is, in a folder that is not the one of the link.
  await writeFile(path.join(cwd, '..2', 'canopy.yaml'), `auth:\n  keys: [${digest(OLD)}]\n`)
  await eventually(async () => (await status(OLD)) === 200)
})

test('an empty file is one that is being written, and a noisy folder does not keep a change from being seen', async (t) => {
  const { file, get } = await followed(t, `auth:\n  keys: [${digest(OLD)}]\n`)
  await writeFile(file, '')
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.is((await get('/v1/collections')).status, 401, 'the keys hold')
  const noise = setInterval(() => void writeFile(`${file}.log`, String(Math.random())), 20)
  t.teardown(() => clearInterval(noise))
  await writeFile(file, `auth:\n  keys: [${digest(NEW)}]\n`)
  await eventually(async () => (await get('/v1/collections', NEW)).status === 200)
})

test('limits and origins change; what is wrong is refused whole and what needs a restart waits', async (t) => {
  const { file, get } = await followed(t, `auth:\n  keys: [${digest(OLD)}]\n`)
  const origin = async (): Promise<string | null> => (await get('/v1/collections', OLD, { origin: 'https://app.example' })).headers.get('access-control-allow-origin')
  t.is(await origin(), null)
  await writeFile(file, `auth:\n  keys: [${digest(OLD)}]\nserver:\n  corsOrigins: [https://app.example]\n  bodyLimit: 5\n`)
  await eventually(async () => (await origin()) === 'https://app.example')
  for (const wrong of ['server:\n  rateLimit: -1\n', 'server: [', 'servr:\n  port: 1\n', `auth:\n  keys: [${NEW}]\n`]) {
    await writeFile(file, wrong)
    await new Promise((resolve) => setTimeout(resolve, 300))
    t.is((await get('/v1/collections', OLD)).status, 200, wrong)
    t.is((await get('/v1/collections', NEW)).status, 401, wrong)
  }
  await rm(file)
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.is((await get('/v1/collections', OLD)).status, 200)
  await writeFile(file, `auth:\n  keys: [${digest(OLD)}]\nserver:\n  rateLimit: 3\n`)
  await eventually(async () => (await get('/v1/collections', OLD)).status === 429)
  await writeFile(file, `auth:\n  keys: [${digest(OLD)}]\n`)
  await eventually(async () => (await get('/v1/collections', OLD)).status === 200)
})

test('a reload never opens a server to the network without keys', async (t) => {
  const cwd = await folder(t)
  const file = path.join(cwd, 'canopy.yaml')
  await writeFile(file, `auth:\n  keys: [${digest(OLD)}]\nserver:\n  host: 0.0.0.0\n`)
  const load = () => loadConfig({ cwd, env: {}, flags: { 'data.dir': path.join(cwd, 'data'), 'server.port': 0, 'server.maxEventLoopDelayMs': 0, 'log.level': 'silent' } })
  const loaded = load()
  const { url, stop } = await startServer(loaded.config, { signals: false, follow: { loaded, load } })
  t.teardown(stop)
  const at = `http://127.0.0.1:${new URL(url).port}/v1/collections`
  await writeFile(file, 'server:\n  host: 0.0.0.0\n')
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.is((await call(at, 'GET')).status, 401)
  t.is((await call(at, 'GET', undefined, { 'x-api-key': OLD })).status, 200)
})
