import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import test, { type ExecutionContext } from 'ava'
import { open, type PostgresOptions } from '../../ts/index.js'
import { administer, openPostgres, schemaUrl } from '../helpers/places.js'
import { at, using } from '../helpers/services.js'
import { proxy } from '../helpers/toxi.js'
import { fails } from '../helpers/throws.js'

const onPostgres = using('postgres')
const tryOpen = (url: string, options?: PostgresOptions): Promise<unknown> => open(url as `postgres://${string}`, options).then((db) => db.close())

/** An address that differs in some parts. */
function address(parts: Partial<Pick<URL, 'username' | 'pathname' | 'port'>>, url = at('postgres')): string {
  return Object.assign(new URL(url), parts).href
}

/** A database of its own, dropped after the test. */
async function ownDatabase(t: ExecutionContext): Promise<string> {
  const name = `test_${randomUUID().slice(0, 8)}`
  await administer(`create database ${name}`)
  t.teardown(() => administer(`drop database ${name} with (force)`))
  return address({ pathname: `/${name}` })
}

test('postgres: a host that nobody answers on', async (t) => {
  const error = await fails(t, 'POSTGRES_UNREACHABLE', () => tryOpen('postgres://nobody:secret@127.0.0.1:1/canopy'))
  t.notRegex(error?.message ?? '', /secret/)
  await fails(t, 'POSTGRES_UNREACHABLE', () => tryOpen('postgres://nobody@no-such-host.invalid/canopy', { connectTimeoutMs: 4000 }))
  await fails(t, 'STORE_ADDRESS', () => tryOpen('postgres://['))
})

onPostgres('postgres: a user or a database that is not there', async (t) => {
  await fails(t, 'POSTGRES_AUTH', () => tryOpen(address({ username: 'nobody_at_all' })))
  await fails(t, 'POSTGRES_DATABASE', () => tryOpen(address({ pathname: '/no_such_database' })))
})

onPostgres('postgres: a database without the extension, by somebody who may not create it', async (t) => {
  const url = await ownDatabase(t)
  const role = `role_${randomUUID().slice(0, 8)}`
  await administer(`create role ${role} login`)
  t.teardown(() => administer(`drop role ${role}`))
  await fails(t, 'POSTGRES_NO_VECTOR', () => tryOpen(address({ username: role }, url)))
  await fails(t, 'POSTGRES_NO_VECTOR', () => tryOpen(url, { readOnly: true }))
})

onPostgres('postgres: an extension that is too old', async (t) => {
  const url = await ownDatabase(t)
  await administer('create extension vector', url)
  await administer("update pg_extension set extversion = '0.4.4' where extname = 'vector'", url)
  await fails(t, 'POSTGRES_VECTOR_TOO_OLD', () => tryOpen(url))
})

onPostgres('postgres: a schema that is half applied, changed by hand, or newer', async (t) => {
  const url = schemaUrl(t)
  const schema = new URL(url).searchParams.get('schema')
  await tryOpen(url)
  await administer(`update ${schema}.migrations set checksum = 'other'`)
  await fails(t, 'POSTGRES_SCHEMA_BROKEN', () => tryOpen(url))
  await administer(`delete from ${schema}.migrations`)
  await fails(t, 'POSTGRES_SCHEMA_BROKEN', () => tryOpen(url))
  await administer(`drop schema ${schema} cascade`)
  await tryOpen(url)
  await administer(`drop table ${schema}.records`)
  await fails(t, 'POSTGRES_SCHEMA_BROKEN', () => tryOpen(url))
  await administer(`insert into ${schema}.migrations (version, checksum) values (99, 'x')`)
  await fails(t, 'POSTGRES_SCHEMA_NEWER', () => tryOpen(url))
})

onPostgres('postgres: eight servers that start at once make one schema and one collection', async (t) => {
  const url = schemaUrl(t)
  const all = await Promise.all(Array.from({ length: 8 }, () => openPostgres(t, url, { pool: 2 })))
  await Promise.all(all.map((db) => db.ensure('notes', { dim: 3 })))
  t.deepEqual((await all[0]?.collections())?.map(({ name }) => name), ['notes'])
})

onPostgres('postgres: what is opened read-only is not written to', async (t) => {
  const url = schemaUrl(t)
  const db = await openPostgres(t, url)
  await (await db.create('notes', { model: null })).add({ id: 'a', text: 'kept' })
  const reader = await openPostgres(t, url, { readOnly: true })
  const notes = await reader.collection('notes')
  t.is((await notes.get('a'))?.text, 'kept')
  await fails(t, 'STORE_READ_ONLY', () => notes.remove('a'))
  await fails(t, 'STORE_READ_ONLY', () => notes.add({ id: 'b', text: 'x' }))
})

/** Holds the records locked until the test is over, so that whoever reads them waits. */
async function locked(t: ExecutionContext, url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: at('postgres') })
  await client.connect()
  await client.query('begin')
  await client.query(`lock table ${new URL(url).searchParams.get('schema')}.records in access exclusive mode`)
  let held = true
  const free = async (): Promise<void> => {
    if (held) await client.end()
    held = false
  }
  t.teardown(free)
  return free
}

onPostgres('postgres: a statement that takes too long is ended, and one that is abandoned is cancelled in the server', async (t) => {
  const url = schemaUrl(t)
  const db = await openPostgres(t, url, { statementTimeoutMs: 1500, pool: 1 })
  const notes = await db.create('notes', { model: null })
  await notes.add({ id: 'a', text: 'tea' })
  await notes.search('tea')
  const free = await locked(t, url)
  await fails(t, 'POSTGRES_TIMEOUT', () => notes.search('tea'))
  const patient = await openPostgres(t, url, { pool: 1 })
  const same = await patient.collection('notes')
  const controller = new AbortController()
  const began = performance.now()
  setTimeout(() => controller.abort(new Error('gone')), 150)
  await t.throwsAsync(() => same.search('tea', { signal: controller.signal }), { message: 'gone' })
  t.true(performance.now() - began < 5000)
  const [waiting] = await administer(`select count(*)::int as count from pg_stat_activity where application_name = 'canopy ${new URL(url).searchParams.get('schema')}' and wait_event_type = 'Lock' and query like '%ts_rank%'`)
  t.is(waiting?.['count'], 0, 'nothing of ours waits in the server')
  await t.throwsAsync(() => same.add({ id: 'b', text: 'x' }, { signal: AbortSignal.timeout(150) }), { any: true })
  await free()
  t.is(await same.get('b'), undefined)
  t.is((await same.search('tea')).hits[0]?.id, 'a', 'the connection is as good as before')
})

using('postgres', 'toxiproxy')('postgres: connections that are cut fail with a code, and the next call finds the server again', async (t) => {
  const between = await proxy(t, Number(new URL(at('postgres')).port))
  const url = new URL(schemaUrl(t))
  url.port = String(between.port)
  const db = await openPostgres(t, url.href, { connectTimeoutMs: 1000 })
  const notes = await db.create('notes', { model: null })
  await notes.add({ id: 'a', text: 'tea' })
  await between.enable(false)
  await fails(t, 'POSTGRES_UNREACHABLE', () => notes.get('a'))
  await fails(t, 'POSTGRES_UNREACHABLE', () => notes.add({ id: 'b', text: 'x' }))
  await between.enable(true)
  t.is((await notes.get('a'))?.text, 'tea')
  const heal = await between.add('reset_peer', { timeout: 0 })
  await fails(t, 'POSTGRES_UNREACHABLE', () => notes.get('a'))
  await heal()
  t.is((await notes.get('a'))?.text, 'tea')
  const slow = await between.add('latency', { latency: 150 })
  t.is((await notes.search('tea')).hits[0]?.id, 'a')
  await slow()
})

onPostgres('postgres: connections that the server ends in mid-burst lose nothing that was acknowledged', async (t) => {
  const url = schemaUrl(t)
  const db = await openPostgres(t, url, { pool: 4 })
  const notes = await db.create('notes', { model: null })
  const acknowledged: string[] = []
  let failed = 0
  const done = new AbortController()
  const killer = (async () => {
    while (!done.signal.aborted) {
      await sleep(20)
      await administer(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'canopy ${new URL(url).searchParams.get('schema')}' and query like 'copy records%' limit 1`)
    }
  })()
  await Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; i < 60; i += 1) {
        const ids = Array.from({ length: 5 }, (_, j) => `${writer}-${i}-${j}`)
        await notes.add(ids.map((id) => ({ id, text: `record ${id}` }))).then(() => acknowledged.push(...ids), () => (failed += 1))
      }
    }),
  )
  done.abort()
  await killer
  const stored = new Set<string>()
  for await (const { id } of notes.records({ limit: 1000 })) {
    t.false(stored.has(id))
    stored.add(id)
  }
  t.deepEqual(acknowledged.filter((id) => !stored.has(id)), [])
  t.true(acknowledged.length > 0)
  t.log(`${failed} batches failed of 240, ${acknowledged.length} records acknowledged`)
})
