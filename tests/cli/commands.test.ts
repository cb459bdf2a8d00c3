import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { chooseComputeDevice, computeDevice } from '../../ts/index.js'
import { canopy, started } from '../helpers/cli.js'
import { digest } from '../helpers/keys.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

test('add, search, similar, get, list, remove', async (t) => {
  const cwd = await folder(t)
  const run = (...args: string[]) => canopy(args, { cwd })
  t.like(await run('add', 'notes', 'Green', 'tea', 'is', 'brewed', 'below', 'boiling', '--id', 'tea', '--metadata', '{"kind":"drink"}'), { code: 0, stderr: '', stdout: 'inserted tea\n' })
  await run('add', 'notes', 'Coffee beans are roasted', '--id', 'coffee')
  const found = await run('search', 'notes', 'hot', 'drink', 'from', 'leaves', '--json')
  t.is(found.code, 0, found.stderr)
  t.is((JSON.parse(found.stdout) as { hits: Array<{ id: string }> }).hits.length, 2)
  const people = await run('search', 'notes', 'green tea')
  t.regex(people.stdout, /^ 1\. Green tea is brewed below boiling\n {4}tea {2}score/)
  t.regex((await run('similar', 'notes', 'tea')).stdout, /coffee/)
  t.notRegex((await run('similar', 'notes', 'tea', '--filter', '{"kind":"drink"}')).stdout, /coffee/)
  t.regex((await run('search', 'notes', 'beans', '--weights', '1,0', '--min-score', '0.5')).stdout, /coffee[^]*\n1 hit,/)
  t.regex((await run('get', 'notes', 'tea')).stdout, /Green tea[^]*"kind":"drink"/)
  t.regex((await run('list', 'notes', '--filter', '{"kind":"drink"}')).stdout, /^tea\tGreen tea[^\n]*\n$/)
  t.is((await run('remove', 'notes', 'tea')).code, 0)
  t.is((await run('get', 'notes', 'tea')).code, 3)
  await run('remove', 'notes', 'coffee')
  t.is((await run('list', 'notes')).stdout, '')
})

test('text comes through a pipe', async (t) => {
  const cwd = await folder(t)
  t.is((await canopy(['add', 'notes', '--id', 'a'], { cwd, input: 'piped words\n' })).code, 0)
  t.regex((await canopy(['search', 'notes', '-'], { cwd, input: 'piped' })).stdout, /piped words/)
})

test('files and folders are imported', async (t) => {
  const cwd = await folder(t)
  await mkdir(path.join(cwd, 'docs'))
  await writeFile(path.join(cwd, 'docs', 'tea.md'), '# Tea\n\nGreen tea is brewed below boiling.\n')
  await writeFile(path.join(cwd, 'docs', 'note.txt'), 'Coffee is roasted.\n')
  const done = await canopy(['import', 'docs', './docs', '--json'], { cwd })
  t.is(done.code, 0, done.stderr)
  t.like(JSON.parse(done.stdout) as object, { read: 2, inserted: 2 })
  t.regex((await canopy(['search', 'docs', 'roasted'], { cwd })).stdout, /note\.txt/)
})

test('collections, index rebuild, stats, models, compact', async (t) => {
  const cwd = await folder(t)
  const run = (...args: string[]) => canopy(args, { cwd })
  t.is((await run('collections', 'create', 'k', '--model', 'none')).code, 0)
  t.is((await run('collections', 'create', 'v', '--dim', '2', '--metric', 'l2')).code, 0)
  t.regex((await run('collections')).stdout, /k +0 +keywords only[^]*v +0 +own vectors +2 +l2/)
  t.is((await run('add', 'v', '--vector', '1,2', '--id', 'x')).code, 0)
  t.regex((await run('search', 'v', '--vector', '[1, 2]')).stdout, /x {2}score/)
  await run('add', 'n', 'some text', '--id', 'a')
  t.regex((await run('index', 'rebuild', 'n')).stdout, /1 records, 0 embedded now/)
  const stats = JSON.parse((await run('stats', '--memory', '--json')).stdout) as { residentBytes: number; collections: object[] }
  t.true(stats.residentBytes > 1e6)
  t.is(stats.collections.length, 3)
  t.regex((await run('stats')).stdout, /on disk/)
  t.regex((await run('models')).stdout, /static-en/)
  t.is((await run('compact')).code, 0)
  t.is((await run('collections', 'drop', 'k')).code, 0)
})

test('config prints each value and where it came from', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'canopy.yaml'), 'server:\n  port: 4242\n')
  const { stdout } = await canopy(['config', '--json', '--set', 'log.level=debug'], { cwd, env: { CANOPY_SERVER_HOST: 'localhost', CANOPY_AUTH_KEYS: digest('secret-of-the-house') } })
  const { settings } = JSON.parse(stdout) as { settings: Array<{ key: string; value: unknown; source: string }> }
  const source = (key: string): unknown[] => settings.flatMap((setting) => (setting.key === key ? [setting.value, setting.source] : []))
  t.deepEqual(source('server.port'), [4242, 'file'])
  t.deepEqual(source('server.host'), ['localhost', 'environment'])
  t.deepEqual(source('log.level'), ['debug', 'flag'])
  t.deepEqual(source('server.shutdownMs'), [10_000, 'default'])
  t.false(stdout.includes(digest('secret-of-the-house')))
  const people = (await canopy(['config', '--print', '--set', 'log.level=debug'], { cwd, env: { CANOPY_SERVER_HOST: 'localhost', CANOPY_AUTH_KEYS: digest('secret-of-the-house') } })).stdout
  for (const line of [/^server\.port +4242 +\S*canopy\.yaml +CANOPY_SERVER_PORT +after a restart /m, /^server\.host +"localhost" +CANOPY_SERVER_HOST +/m, /^log\.level +"debug" +flag log\.level +CANOPY_LOG_LEVEL +at once /m, /^server\.shutdownMs +10000 +default +/m, /^auth\.keys +\["\*\*\*"\] +CANOPY_AUTH_KEYS +CANOPY_AUTH_KEYS +at once /m]) t.regex(people, line)
  t.false(people.includes(digest('secret-of-the-house')))
})

test('doctor finds this installation well', async (t) => {
  const { code, stdout } = await canopy(['doctor', '--set', 'server.port=0'], { cwd: await folder(t) })
  t.is(code, 0, stdout)
  t.regex(stdout, /native core: version .* kernels/)
  t.notRegex(stdout, /FAIL/)
  t.regex(stdout, /ok +models: .*static-en/, 'before there is any data')
})

test('doctor says which device is used and why not the other', async (t) => {
  const cwd = await folder(t)
  const doctor = (device: string) => canopy(['doctor', '--set', 'server.port=0', '--set', `compute.device=${device}`], { cwd })
  const chosen = await doctor('cpu')
  t.regex(chosen.stdout, /ok +device: the processor; .*\[GPU_OFF\]/)
  t.is(chosen.code, 0)
  const asked = await doctor('gpu')
  // Who asks for a GPU that isn't there has a fault to mend.
  if ((await computeDevice()).device === 'gpu') t.regex(asked.stdout, /ok +device: .* compute capability/)
  else t.regex(asked.stdout, /FAIL device: no GPU is used: .*\[GPU_/)
  t.is(asked.code, /FAIL device/.test(asked.stdout) ? 1 : 0)
  t.regex((await doctor('fish')).stdout, /CONFIG_VALUE/)
})

test('the library names the device, chooses, and refuses what is none', async (t) => {
  const { device, choice, reason, code } = await computeDevice()
  t.is(choice, 'auto')
  t.is(device === 'cpu', reason !== null)
  t.is(device === 'cpu', (code ?? '').startsWith('GPU_'))
  await chooseComputeDevice('cpu')
  t.like(await computeDevice(), { device: 'cpu', choice: 'cpu', code: 'GPU_OFF' })
  await fails(t, 'GPU_CHOICE', () => chooseComputeDevice('fish' as 'cpu'))
  await chooseComputeDevice('auto')
})

test('doctor says what is missing where the native core is', async (t) => {
  const { code, stdout } = await canopy(['doctor'], { cwd: await folder(t), env: { CANOPY_NATIVE_PATH: '/nowhere/canopy.node' } })
  t.is(code, 1)
  t.regex(stdout, /NATIVE_MISSING/)
  t.regex(stdout, /tried \/nowhere\/canopy\.node/)
})

test('help shows commands, examples and exit codes', async (t) => {
  const { code, stdout } = await canopy(['--help'], { cwd: await folder(t) })
  t.is(code, 0)
  for (const word of ['search', 'serve', 'doctor', 'bench', 'Exit codes', 'Examples']) t.true(stdout.includes(word), word)
})

test('serve answers until it is told to stop, and ends well', async (t) => {
  const cwd = await folder(t)
  const { child, line } = await started(['serve', '--port', '0', '--json', '--set', 'log.level=silent'], { cwd })
  const { url } = JSON.parse(line) as { url: string }
  t.is((await fetch(`${url}/healthz`)).status, 200)
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  t.is(await ended, 0)
})
