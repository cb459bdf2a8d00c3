import { once } from 'node:events'
import { open, openMigrations } from '../../ts/index.js'
import { eventually } from '../helpers/eventually.js'
import { administer, schemaUrl } from '../helpers/places.js'
import { migrations, migrator, remove, rewrite, scripts } from '../helpers/scripts.js'
import { at, using } from '../helpers/services.js'
import { fails } from '../helpers/throws.js'

const onPostgres = using('postgres')
const nameOf = (url: string): string => new URL(url).searchParams.get('schema') ?? ''

const TWO = {
  '1-people.sql': "create table people (id int, name text);\ninsert into people values (1, 'Ann'), (2, 'Bob'), (2, 'Bob');",
  '1-people.down.sql': 'drop table people;',
  '2-once.sql': '-- changes: table people\n-- expect: select count(*) = count(distinct id) from people\ndelete from people a using people b where a.ctid > b.ctid and a.id = b.id;\nalter table people add primary key (id);',
  '2-once.down.sql': 'alter table people drop constraint people_pkey;',
}

onPostgres('postgres: migrations are rehearsed, applied in order, and undone in reverse', async (t) => {
  const url = schemaUrl(t)
  const runs = await migrations(t, url, { folder: await scripts(t, TWO) })
  t.deepEqual((await runs.info()).map(({ state }) => state), ['pending', 'pending'])
  t.is((await runs.dryRun()).length, 4)
  t.deepEqual(await administer(`select 1 from information_schema.schemata where schema_name = '${nameOf(url)}'`), [], 'a rehearsal leaves no trace')
  const reports = await runs.up()
  t.deepEqual(reports.map(({ name }) => name), ['1-people', '2-once'])
  t.deepEqual([reports[1]?.before['table people']?.count, reports[1]?.after['table people']?.count], [3, 2])
  t.deepEqual(await administer(`select name from ${nameOf(url)}.people order by id`), [{ name: 'Ann' }, { name: 'Bob' }])
  const [first] = await runs.info()
  t.like(first, { state: 'applied', canUndo: true })
  t.regex(first?.applied?.appliedBy ?? '', /.+@.+/)
  t.true(Math.abs(Date.parse(first?.applied?.appliedAt ?? '') - Date.now()) < 60_000)
  t.deepEqual((await runs.down({ to: '1' })).map(({ name }) => name), ['2-once'])
  t.deepEqual((await runs.down()).map(({ name }) => name), ['1-people'])
  t.deepEqual(await runs.down(), [])
  // Our own tables and those of migrations share a schema.
  const db = await open(url as `postgres://${string}`)
  await db.close()
  t.is((await runs.up()).length, 2)
})

onPostgres('postgres: a migration that fails half-way leaves nothing', async (t) => {
  const url = schemaUrl(t)
  const folder = await scripts(t, TWO)
  const runs = await migrations(t, url, { folder })
  await runs.up()
  const before = await administer(`select * from ${nameOf(url)}.people order by id`)
  const attempt = async (text: string): Promise<string> => {
    await rewrite(folder, { '3-bad.sql': text })
    const error = await fails(t, 'MIGRATION_FAILED', () => runs.up())
    t.deepEqual(await administer(`select * from ${nameOf(url)}.people order by id`), before)
    t.deepEqual((await runs.info()).map(({ state }) => state), ['applied', 'applied', 'pending'])
    return error?.message ?? ''
  }
  t.regex(await attempt("update people set name = 'x'; drop table if exists other; insert into people values (1, 'again');"), /statement 3 of 3.*people_pkey/)
  t.regex(await attempt("-- keeps: table people\nupdate people set name = 'Cid' where id = 2;"), /table people, which it says it keeps/)
  t.regex(await attempt('-- expect: select false\ncreate table other (id int);'), /expects/)
  t.regex(await attempt("update people set name = 'x'; commit; select 1 / 0;"), /can't stand in a migration/)
  await rewrite(folder, { '3-bad.sql': "update people set name = 'x'; select pg_terminate_backend(pg_backend_pid());" })
  await fails(t, 'MIGRATION_FAILED', () => runs.up())
  t.deepEqual(await administer(`select * from ${nameOf(url)}.people order by id`), before, 'the server ended the connection')
  const again = await migrations(t, url, { folder: await scripts(t, TWO) })
  t.deepEqual(await again.up(), [])
})

onPostgres('postgres: a migrator that is killed in the middle leaves nothing, and the lock is free', async (t) => {
  const url = schemaUrl(t)
  const folder = await scripts(t, { '1-slow.sql': 'create table slow (id int); insert into slow values (1); select pg_sleep(30);' })
  const child = migrator(t, url, folder)
  const sleeping = async (): Promise<boolean> => (await administer(`select 1 from pg_stat_activity where application_name = 'canopy migrate ${nameOf(url)}' and wait_event = 'PgSleep'`)).length > 0
  await eventually(sleeping)
  const hasty = await migrations(t, url, { folder, waitMs: 0 })
  await fails(t, 'MIGRATION_LOCKED', () => hasty.up())
  child.kill('SIGKILL')
  await once(child, 'close')
  const runs = await migrations(t, url, { folder })
  t.deepEqual(await runs.repair(), [])
  t.is((await runs.info())[0]?.state, 'pending')
  t.deepEqual(await administer(`select to_regclass('${nameOf(url)}.slow') is null as gone`), [{ gone: true }])
})

onPostgres('postgres: three migrators at once apply everything once', async (t) => {
  const url = schemaUrl(t)
  const folder = await scripts(t, { '1-a.sql': 'create table a (id int); select pg_sleep(0.3);', '2-b.sql': 'insert into a values (1);' })
  const all = await Promise.all([1, 2, 3].map(() => migrations(t, url, { folder })))
  const reports = await Promise.all(all.map((runs) => runs.up()))
  t.is(reports.flat().length, 2)
  t.deepEqual(await administer(`select count(*)::int as count from ${nameOf(url)}.a`), [{ count: 1 }])
})

onPostgres('postgres: histories that don’t fit the files are refused, and repair takes the files over', async (t) => {
  const url = schemaUrl(t)
  const folder = await scripts(t, { ...TWO, '3-last.sql': 'select 1;' })
  const runs = await migrations(t, url, { folder })
  await runs.up()
  await fails(t, 'MIGRATION_NO_DOWN', () => runs.down())
  await rewrite(folder, { '3-last.sql': 'select 2;' })
  await fails(t, 'MIGRATION_CHANGED', () => runs.validate())
  await remove(folder, '3-last.sql')
  await fails(t, 'MIGRATION_MISSING', () => runs.up())
  t.is((await runs.repair()).length, 1)
  await rewrite(folder, { '1.5-late.sql': 'select 1;' })
  await fails(t, 'MIGRATION_ORDER', () => runs.up())
})

onPostgres('postgres: the place of migrations is wrong, and says so', async (t) => {
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(at('postgres'))
    change(url)
    return url.href
  }
  await fails(t, 'POSTGRES_UNREACHABLE', () => openMigrations(wrong((url) => (url.port = '1'))))
  await fails(t, 'POSTGRES_DATABASE', () => openMigrations(wrong((url) => (url.pathname = '/nowhere'))))
  await fails(t, 'POSTGRES_AUTH', () => openMigrations(wrong((url) => (url.username = 'nobody_of_this_name'))))
  await fails(t, 'STORE_ADDRESS', () => openMigrations('postgres://[::'))
})
