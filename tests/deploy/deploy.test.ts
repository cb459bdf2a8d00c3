import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { loadConfig } from '../../ts/config/load.js'
import { digest } from '../helpers/keys.js'
import { folder } from '../helpers/temp.js'
import { when } from '../helpers/when.js'

const KEY = 'the-key-of-the-image-test'
const dockerfile = readFileSync('deploy/Dockerfile', 'utf8').replaceAll(/\\\n\s*/g, ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const lines = (word: string, from = 0): string[] => dockerfile.slice(from).filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
/** The last stage is what runs. */
const last = dockerfile.findLastIndex((line) => line.startsWith('FROM '))

test('the image: pinned bases, no root, nothing added from the network', (t) => {
  for (const from of lines('FROM')) t.regex(from, /^[\w./-]+:\d[\w.-]+( AS \w+)?$/)
  t.deepEqual(lines('USER', last), ['1000'])
  t.deepEqual(lines('ADD'), [])
  t.deepEqual(lines('VOLUME', last), ['/data'])
  for (const run of lines('RUN')) if (run.includes('apt-get install')) t.regex(run, /--no-install-recommends.*rm -rf \/var\/lib\/apt\/lists/)
  for (const form of ['ENTRYPOINT', 'CMD']) t.true(Array.isArray(JSON.parse(lines(form, last)[0] ?? '')), `${form} needs no shell`)
  const order = ['USER ', 'ENTRYPOINT '].map((word) => dockerfile.findIndex((line) => line.startsWith(word)))
  t.true((order[0] ?? 0) < (order[1] ?? 0))
})

test('what the image copies is enough to serve, and its health check says so', async (t) => {
  const app = await folder(t)
  for (const copy of lines('COPY', last)) {
    const [, source = ''] = copy.split(' ')
    const name = path.relative('/src', source)
    t.true(existsSync(name), name)
    await symlink(path.resolve(name), path.join(app, name))
  }
  const env = Object.fromEntries(lines('ENV', last).flatMap((line) => line.trim().split(/\s+/)).map((entry) => entry.split('=') as [string, string]))
  await mkdir(path.join(app, 'data'))
  const [program = '', ...args] = [...(JSON.parse(lines('ENTRYPOINT', last)[0] ?? '[]') as string[]), ...(JSON.parse(lines('CMD', last)[0] ?? '[]') as string[])]
  const start = (extra: Record<string, string>): ChildProcessWithoutNullStreams => {
    const child = spawn(program === 'node' ? process.execPath : program, ['--preserve-symlinks', '--preserve-symlinks-main', ...args, '--json'], { cwd: app, env: { PATH: process.env['PATH'], ...env, CANOPY_DATA_DIR: path.join(app, 'data'), CANOPY_SERVER_PORT: '0', CANOPY_LOG_LEVEL: 'silent', ...extra } })
    t.teardown(() => child.kill('SIGKILL'))
    return child
  }
  // Open to the network by default, so not without a key.
  const [refused] = (await once(start({}), 'close')) as [number]
  t.is(refused, 2)
  const child = start({ CANOPY_AUTH_KEYS: digest(KEY) })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  while (!output.includes('"url"')) await once(child.stdout, 'data')
  const { url } = JSON.parse(/\{"url".*?\}/.exec(output)?.[0] ?? '') as { url: string }
  const [, health = '[]'] = /CMD (\[.*\])/.exec(lines('HEALTHCHECK', last)[0] ?? '') ?? []
  const [, ...check] = JSON.parse(health) as string[]
  const status = (port: string): number | null => spawnSync(process.execPath, check, { env: { CANOPY_SERVER_PORT: port } }).status
  t.is(status(new URL(url).port), 0, output)
  t.is(status('1'), 1)
  child.kill('SIGTERM')
  t.deepEqual((await once(child, 'close'))[0], 0)
})

interface Service {
  image: string
  build?: unknown
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  ports?: string[]
  volumes?: string[]
  environment?: Record<string, string>
  depends_on?: string[] | Record<string, { condition: string }>
  healthcheck?: object
}

test('compose: everything pinned, hardened, on loopback, and named where it is used; settings are settings', (t) => {
  const { services, volumes } = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> }
  t.deepEqual(Object.keys(services).toSorted(), ['canopy', 'grafana', 'neo4j', 'postgres', 'prometheus', 'redis'])
  for (const [name, service] of Object.entries(services)) {
    t.regex(service.image, /:(v?\d[\w.-]+|local|[\d.]+-pg\d+)$/, name)
    t.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
    for (const port of service.ports ?? []) t.true(port.startsWith('127.0.0.1:'), `${name}: ${port}`)
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':')
      t.true(source.startsWith('.') ? existsSync(path.join('deploy', source)) : source in volumes, `${name}: ${source}`)
    }
    const needs = Array.isArray(service.depends_on) ? service.depends_on.map((need) => [need, undefined] as const) : Object.entries(service.depends_on ?? {}).map(([need, { condition }]) => [need, condition] as const)
    for (const [need, condition] of needs) {
      t.true(need in services, need)
      if (condition === 'service_healthy') t.truthy(services[need]?.healthcheck, need)
    }
  }
  const { canopy } = services
  t.true(canopy?.read_only)
  t.deepEqual(canopy?.cap_drop, ['ALL'])
  const text = readFileSync('deploy/compose.yaml', 'utf8')
  t.notRegex(text, /password: ['"]?[a-z0-9]{4}/i, 'no password is written down')
  const env = Object.fromEntries(Object.entries(canopy?.environment ?? {}).map(([name, value]) => [name, value.replaceAll(/\$\{\w+:\?[^}]*\}/g, name === 'CANOPY_AUTH_KEYS' ? digest('key') : 'a-secret-of-sixteen')]))
  t.like(loadConfig({ env, cwd: '/' }).config, { graphs: { url: 'bolt://neo4j:a-secret-of-sixteen@neo4j:7687/neo4j' } })
})

when(spawnSync('systemd-analyze', ['--version']).status === 0)('the unit is one that systemd understands, and shuts the process in', async (t) => {
  const unit = path.join(await folder(t), 'canopy.service')
  // Node and the package are elsewhere on this machine.
  await writeFile(unit, readFileSync('deploy/canopy.service', 'utf8').replace('/usr/bin/node', process.execPath).replace('/opt/canopy/node_modules/canopy-engine/dist/cli/main.js', path.resolve('dist/cli/main.js')))
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
  t.is(verified.status, 0, verified.stderr)
  t.is(verified.stderr.trim(), '')
  const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit], { encoding: 'utf8' })
  t.is(security.status, 0, security.stdout.split('\n').slice(-3).join('\n'))
})

test('the command line of the unit is one that the command understands', (t) => {
  const [, command = ''] = /ExecStart=\S+ \S+ (.*)/.exec(readFileSync('deploy/canopy.service', 'utf8')) ?? []
  const args = command.split(' ')
  t.deepEqual(args, ['serve', '--config', '/etc/canopy/canopy.yaml'])
  const { stdout } = spawnSync(process.execPath, ['dist/cli/main.js', '--help'], { encoding: 'utf8' })
  t.true(stdout.includes('--config') && stdout.includes('serve'))
})
