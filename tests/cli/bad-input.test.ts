import { createServer, type AddressInfo } from 'node:net'
import { writeFile, chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { open } from '../../ts/index.js'
import { canopy, type RunOptions } from '../helpers/cli.js'
import { corrupt, foreign, newer } from '../helpers/damage.js'
import { folder } from '../helpers/temp.js'

interface Case {
  args: string[]
  code: string
  exit: number
  options?: Partial<RunOptions>
}

async function refused(t: Parameters<typeof folder>[0], cwd: string, { args, code, exit, options }: Case): Promise<void> {
  const ran = await canopy(args, { cwd, ...options })
  const label = args.join(' ').slice(0, 80)
  t.is(ran.code, exit, `${label}: ${ran.stderr}`)
  t.true(ran.stderr.trimEnd().endsWith(`[${code}]`), `${label}: ${ran.stderr}`)
  t.is(ran.stderr.trimEnd().split('\n').length, 1, `one line: ${ran.stderr}`)
  const json = await canopy([...args, '--json'], { cwd, ...options })
  t.is((JSON.parse(json.stderr) as { code: string }).code, code)
}

test('what cannot be is refused in one line, with its code and exit code', async (t) => {
  const cwd = await folder(t)
  await canopy(['collections', 'create', 'p', '--dim', '3'], { cwd })
  await canopy(['add', 'notes', 'text', '--id', 'a'], { cwd })
  await writeFile(path.join(cwd, 'bad.jsonl'), Buffer.from([0x7b, 0xff, 0x7d, 0x0a]))
  await writeFile(path.join(cwd, 'long.jsonl'), `{"text":"${'x'.repeat(2000)}"}`)
  await writeFile(path.join(cwd, 'bad.yaml'), 'server:\n  prot: 1\n')
  const cases: Case[] = [
    { args: ['add', 'p', 'x', '--vector', '1,2'], code: 'VECTOR_DIMENSION', exit: 2 },
    { args: ['add', 'p', 'x', '--vector', '1,NaN,2'], code: 'VECTOR_NOT_FINITE', exit: 2 },
    { args: ['add', 'notes', ' '], code: 'TEXT_EMPTY', exit: 2 },
    { args: ['add', 'notes', 'text', '--id', 'a'], code: 'RECORD_EXISTS', exit: 4 },
    { args: ['search', 'nobody', 'x'], code: 'COLLECTION_NOT_FOUND', exit: 3 },
    { args: ['get', 'notes', 'nobody'], code: 'RECORD_NOT_FOUND', exit: 3 },
    { args: ['import', 'notes', 'bad.jsonl'], code: 'IMPORT_ENCODING', exit: 2 },
    { args: ['import', 'notes', 'long.jsonl', '--max-line-bytes', '1000'], code: 'IMPORT_LINE_TOO_LONG', exit: 2 },
    { args: ['import', 'notes', 'nowhere.jsonl'], code: 'IMPORT_NOT_FOUND', exit: 3 },
    { args: ['config', '--config', 'bad.yaml'], code: 'CONFIG_KEY', exit: 2 },
    { args: ['config', '--set', 'server.prot=1'], code: 'CONFIG_KEY', exit: 2 },
    { args: ['serve', '--host', '0.0.0.0'], code: 'AUTH_KEY_NEEDED', exit: 2 },
    { args: ['serch', 'notes'], code: 'USAGE', exit: 2 },
    { args: ['search', 'notes', 'x', '--limit', 'many'], code: 'USAGE', exit: 2 },
    { args: ['search', 'notes', 'x', '--limits', '3'], code: 'USAGE', exit: 2 },
    { args: ['search', 'notes', '-x'], code: 'USAGE', exit: 2 },
    { args: ['search', 'notes', 'x', '--weights', '1'], code: 'USAGE', exit: 2 },
    { args: ['add', 'notes', '-'], code: 'ENCODING_INVALID', exit: 2, options: { input: Buffer.from('gr\xfcn', 'latin1') } },
    { args: ['add', 'notes', 'x', '--dir', 'bad.yaml'], code: 'STORE_NOT_A_FOLDER', exit: 2 },
    { args: ['collections', 'create', 'q', '--model', 'gpt-9'], code: 'MODEL_UNKNOWN', exit: 2 },
    { args: ['bench', 'nothing'], code: 'BENCH_UNKNOWN', exit: 3 },
  ]
  for (const one of cases) await refused(t, cwd, one)
  // A collection that would have been made for it isn't left behind, empty.
  for (const args of [['import', 'fresh', 'bad.jsonl'], ['import', 'fresh', 'nowhere.jsonl'], ['add', 'fresh', ' ']]) t.not((await canopy(args, { cwd })).code, 0)
  t.notRegex((await canopy(['collections', '--json'], { cwd })).stdout, /fresh/)
  t.regex((await canopy(['search', 'notes', '-x'], { cwd })).stderr, /behind --;/)
  t.regex((await canopy(['search', 'notes', '--', '-x'], { cwd })).stdout, /hit/)
})

test('a corrupt, newer or foreign database', async (t) => {
  for (const [damage, code] of [[corrupt, 'STORE_CORRUPT'], [newer, 'STORE_NEWER'], [foreign, 'STORE_FOREIGN']] as const) {
    const dir = await folder(t)
    await damage(dir)
    await refused(t, dir, { args: ['add', 'notes', 'x', '--dir', dir], code, exit: 1 })
  }
})

test('a folder that another process writes to: writing waits its turn, reading goes on', async (t) => {
  const dir = await folder(t)
  const db = await open(dir)
  t.teardown(() => db.close())
  await (await db.create('notes')).add({ id: 'a', text: 'a note' })
  await refused(t, dir, { args: ['add', 'notes', 'x', '--dir', dir], code: 'STORE_LOCKED', exit: 5 })
  t.regex((await canopy(['search', 'notes', 'note', '--dir', dir], { cwd: dir })).stdout, /a note/)
})

test('a port in use', async (t) => {
  const cwd = await folder(t)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  await refused(t, cwd, { args: ['serve', '--port', String((server.address() as AddressInfo).port)], code: 'PORT_IN_USE', exit: 5 })
})

test('no permission to write', async (t) => {
  const cwd = await folder(t)
  const dir = path.join(cwd, 'closed')
  await mkdir(dir)
  await chmod(cwd, 0o755)
  await chmod(dir, 0o555)
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}
  const doctor = await canopy(['doctor', '--dir', path.join(dir, 'inner'), '--set', 'server.port=0'], { cwd: '/', ...asNobody })
  t.regex(doctor.stdout, /FAIL data folder: .*read and write access.*\[STORE_PERMISSION\]/)
  await refused(t, '/', { args: ['add', 'notes', 'x', '--dir', path.join(dir, 'inner')], code: 'STORE_PERMISSION', exit: 1, options: asNobody })
})
