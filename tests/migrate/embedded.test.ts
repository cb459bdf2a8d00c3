import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { open } from '../../ts/index.js'
import { system } from '../../ts/engine/binding.js'
import { EMBEDDED_VERSIONS } from '../../ts/migrate/embedded.js'
import { canopy } from '../helpers/cli.js'
import { migrations, scripts } from '../helpers/scripts.js'
import { schemaUrl } from '../helpers/places.js'
import { using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const FIXTURE = fileURLToPath(new URL('../../../tests/fixtures/store-v2.db.gz', import.meta.url))

/** A folder as version 2 left it. */
async function old(t: ExecutionContext): Promise<string> {
  const dir = await folder(t)
  await writeFile(path.join(dir, 'canopy.db'), gunzipSync(await readFile(FIXTURE)))
  return dir
}

test('every version of the tables has a name', (t) => t.is(EMBEDDED_VERSIONS.length, system().schema))

test('a folder of an older release is looked at, tried on a copy, and migrated with a copy kept', async (t) => {
  const dir = await old(t)
  const before = await readFile(path.join(dir, 'canopy.db'))
  const runs = await migrations(t, dir)
  t.deepEqual((await runs.info()).map(({ state }) => state), ['applied', 'applied', 'pending'])
  t.deepEqual(await runs.validate(), ['3-counters_from_tables'])
  t.deepEqual(await runs.dryRun(), ['3-counters_from_tables: applied to a copy, 3 records are there'])
  t.deepEqual(await readFile(path.join(dir, 'canopy.db')), before)
  t.deepEqual(await readdir(dir), ['canopy.db'], 'a rehearsal leaves no trace')
  await fails(t, 'MIGRATION_UNKNOWN', () => runs.up({ to: '2' }))
  t.deepEqual((await runs.up()).map(({ version }) => version), ['3'])
  t.deepEqual(await runs.up(), [])
  t.true((await runs.info()).every(({ state }) => state === 'applied'))
  t.is((await readdir(dir)).filter((name) => name.endsWith('.backup')).length, 1)
  t.regex((await fails(t, 'MIGRATION_NO_DOWN', () => runs.down()))?.message ?? '', /canopy\.db\.v2-\d+\.backup/)
  const db = await open(dir)
  t.teardown(() => db.close())
  t.is((await (await db.collection('papers')).info()).count, 3)
})

test('what a killed migration left is cleaned up, and a folder that can’t be migrated says why', async (t) => {
  const dir = await old(t)
  await writeFile(path.join(dir, 'canopy.db.v2-123.backup.part'), 'half')
  const runs = await migrations(t, dir)
  t.deepEqual((await runs.repair()).length > 0, true)
  t.false((await readdir(dir)).some((name) => name.includes('.part')))
  const bytes = await readFile(path.join(dir, 'canopy.db'))
  bytes.writeUInt32BE(99, 60)
  const newer = await folder(t)
  await writeFile(path.join(newer, 'canopy.db'), bytes)
  await fails(t, 'STORE_NEWER', async () => (await migrations(t, newer)).up())
  await writeFile(path.join(newer, 'canopy.db'), 'a shopping list')
  await fails(t, 'STORE_FOREIGN', async () => (await migrations(t, newer)).info())
  t.true((await (await migrations(t, `embedded://${await folder(t)}`)).info()).every(({ state }) => state === 'pending'))
})

test('canopy migrate says what it did, and by its exit code whether', async (t) => {
  const cwd = await old(t)
  const run = (...args: string[]) => canopy(['migrate', ...args], { cwd })
  t.regex((await run('info', '.')).stdout, /1-records +applied\n.*\n3-counters_from_tables +pending/)
  t.regex((await run('dry-run', '--dir', '.')).stdout, /applied to a copy/)
  t.regex((await run('up', '.')).stdout, /^applied 3-counters_from_tables in \d+ ms\n$/)
  t.like(JSON.parse((await run('validate', '.', '--json')).stdout) as object, [{ place: '.', result: [] }])
  const down = await run('down', '.', '--json')
  t.is(down.code, 4)
  t.is((JSON.parse(down.stderr) as { code: string }).code, 'MIGRATION_NO_DOWN')
  t.is((await run('sideways')).code, 2)
})

using('postgres')('canopy migrate works on PostgreSQL, with its password kept to itself', async (t) => {
  const url = new URL(schemaUrl(t))
  url.password = 'secret'
  const cwd = await scripts(t, { '1-a.sql': 'create table a (id int);', '1-a.down.sql': 'drop table a;' })
  const run = (...args: string[]) => canopy(['migrate', ...args, '--migrations', '.'], { cwd, env: { CANOPY_STORE_URL: url.href } })
  t.regex((await run('up')).stdout, /^applied 1-a in \d+ ms\n$/)
  const { stdout } = await run('info', '--json')
  t.false(stdout.includes('secret'))
  t.like(JSON.parse(stdout) as object, [{ result: [{ name: '1-a', state: 'applied' }] }])
  t.regex((await run('down')).stdout, /^undone 1-a/)
  t.is((await run('down', '--to', '7')).code, 3)
})
