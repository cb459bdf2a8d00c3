import { execFileSync } from 'node:child_process'
import { chmod, open as openFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { open } from '../../ts/index.js'
import { corrupt, file, filled, foreign, newer } from '../helpers/damage.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { when } from '../helpers/when.js'

const root = process.getuid?.() === 0

test('a vector of the wrong dimension', async (t) => {
  const points = await (await database(t)).create('points', { dim: 3 })
  await fails(t, 'VECTOR_DIMENSION', () => points.add({ id: 'a', text: 'a', vector: [1, 2] }))
  await fails(t, 'VECTOR_DIMENSION', () => points.search({ vector: [1, 2, 3, 4] }))
  t.is((await points.info()).count, 0)
})

test('NaN and infinity', async (t) => {
  const points = await (await database(t)).create('points', { dim: 2 })
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e39]) {
    await fails(t, 'VECTOR_NOT_FINITE', () => points.add({ id: 'a', text: 'a', vector: [bad, 1] }))
    await fails(t, 'VECTOR_NOT_FINITE', () => points.search({ vector: Float32Array.from([1, bad]) }))
  }
})

test('an empty text without a vector', async (t) => {
  const notes = await (await database(t)).create('notes')
  for (const text of ['', '   ', undefined]) await fails(t, 'TEXT_EMPTY', () => notes.add({ id: 'a', text }))
  await fails(t, 'SEARCH_EMPTY', () => notes.search({}))
})

test('duplicate ids, stored or in one call', async (t) => {
  const notes = await (await database(t)).create('notes', { model: null })
  await notes.add({ id: 'a', text: 'first' })
  await fails(t, 'RECORD_EXISTS', () => notes.add({ id: 'a', text: 'second' }))
  await fails(t, 'RECORD_EXISTS', () => notes.add([{ id: 'b', text: 'x' }, { id: 'b', text: 'y' }]))
  t.is((await notes.get('a'))?.text, 'first')
  t.is(await notes.get('b'), undefined, 'a batch is all or nothing')
  const error = await fails(t, 'RECORD_EXISTS', () => notes.add([...Array.from({ length: 1100 }, (_, i) => ({ id: `n${i}`, text: 'n' })), { id: 'a', text: 'z' }]))
  t.is(error?.written, 1024)
})

test('an unknown collection, record or model', async (t) => {
  const db = await database(t)
  await fails(t, 'COLLECTION_NOT_FOUND', () => db.collection('nobody'))
  await fails(t, 'COLLECTION_NOT_FOUND', () => db.drop('nobody'))
  const notes = await db.create('notes', { model: null })
  await fails(t, 'RECORD_NOT_FOUND', () => notes.update({ id: 'nobody', text: 'x' }))
  await fails(t, 'RECORD_NOT_FOUND', () => notes.similar('nobody'))
  await fails(t, 'MODEL_MISSING', () => db.create('other', { model: 'gpt-9' }))
  await fails(t, 'COLLECTION_EXISTS', () => db.create('notes'))
})

test('names and ids that cannot be', async (t) => {
  const db = await database(t)
  for (const name of ['', 'a/b', 'x'.repeat(129), '\u0000']) await fails(t, 'COLLECTION_NAME', () => db.create(name))
  const notes = await db.create('notes', { model: null })
  for (const id of ['', 'x'.repeat(5000)]) await fails(t, 'RECORD_ID', () => notes.add({ id, text: 'x' }))
})

test('requests that cannot be', async (t) => {
  const notes = await (await database(t)).create('notes', { model: null })
  await fails(t, 'SEARCH_REQUEST', () => notes.search({ text: 'a', limit: 0 }))
  await fails(t, 'FILTER_INVALID', () => notes.search({ text: 'a', filter: { year: { near: 5 } } }))
  await fails(t, 'JSON_INVALID', () => notes.search({ text: 'a', mode: 'fuzzy' as 'hybrid' }))
  await fails(t, 'JSON_INVALID', () => notes.add({ id: 'a', text: 5 as unknown as string }))
  await fails(t, 'VECTOR_COUNT', () => notes.add([{ text: 'a' }, { text: 'b' }], { vectors: new Float32Array(3) }))
})

test('a line of 1 GB is refused at the limit, without reading it all', async (t) => {
  const dir = await folder(t)
  const source = path.join(dir, 'long.jsonl')
  const handle = await openFile(source, 'w')
  await handle.write('{"id":"a","text":"')
  await handle.truncate(1024 ** 3)
  await handle.close()
  const notes = await (await database(t)).create('notes', { model: null })
  const before = process.memoryUsage.rss()
  await fails(t, 'IMPORT_LINE_TOO_LONG', () => notes.import(source))
  t.true(process.memoryUsage.rss() - before < 200 * 1024 ** 2)
})

test('a file that is not UTF-8, not JSON or not there', async (t) => {
  const dir = await folder(t)
  const notes = await (await database(t)).create('notes', { model: null })
  const source = path.join(dir, 'bad.jsonl')
  await writeFile(source, Buffer.from([...Buffer.from('{"id":"a","text":"'), 0xff, 0xfe, ...Buffer.from('"}\n')]))
  await fails(t, 'IMPORT_ENCODING', () => notes.import(source))
  await writeFile(source, '{"id":"a","text":"fine"}\n{"id":"b",\n')
  const error = await fails(t, 'IMPORT_SYNTAX', () => notes.import(source))
  t.regex(error?.message ?? '', /2/, 'the line is named')
  await fails(t, 'IMPORT_NOT_FOUND', () => notes.import(path.join(dir, 'nowhere.jsonl')))
  const skipped = await notes.import(source, { onError: 'skip', resume: false })
  t.like(skipped, { skipped: 1 })
})

test('a corrupt database', async (t) => {
  const dir = await folder(t)
  await corrupt(dir)
  await fails(t, 'STORE_CORRUPT', async () => {
    const db = await open(dir)
    await (await db.collection('notes')).get('id-3')
  })
})

test('a database of a newer version', async (t) => {
  const dir = await folder(t)
  await newer(dir)
  await fails(t, 'STORE_NEWER', () => open(dir))
})

test('a file that is no database of ours', async (t) => {
  const dir = await folder(t)
  await foreign(dir)
  await fails(t, 'STORE_FOREIGN', () => open(dir))
})

test('a folder that another process writes to', async (t) => {
  const dir = await folder(t)
  const db = await open(dir)
  t.teardown(() => db.close())
  await fails(t, 'STORE_LOCKED', () => open(dir))
})

test('writing through a read-only view', async (t) => {
  const dir = await folder(t)
  await filled(dir)
  const db = await open(dir, { readOnly: true })
  t.teardown(() => db.close())
  await fails(t, 'STORE_READ_ONLY', async () => (await db.collection('notes')).remove('id-1'))
})

when(!root)('no permission to write', async (t) => {
  const dir = await folder(t)
  await chmod(dir, 0o500)
  t.teardown(() => chmod(dir, 0o700))
  await fails(t, 'STORE_PERMISSION', () => open(path.join(dir, 'inner')))
})

when(root && process.platform === 'linux')('no permission to write, as another user', async (t) => {
  // Nobody is refused by file modes as root; this opens the folder as the user "nobody".
  const dir = await folder(t)
  await filled(dir)
  await chmod(dir, 0o755)
  await chmod(file(dir), 0o444)
  const script = `
    process.setgid(65534); process.setuid(65534)
    const { open } = await import(${JSON.stringify(new URL('../../ts/index.js', import.meta.url).href)})
    await open(${JSON.stringify(dir)}).then(() => console.log('OPENED'), (error) => console.log(error.code))`
  t.is(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim(), 'STORE_PERMISSION')
})

test('calls after closing', async (t) => {
  const db = await database(t)
  const notes = await db.create('notes', { model: null })
  await db.close()
  await fails(t, 'CLOSED', () => notes.search('a'))
  await fails(t, 'CLOSED', () => db.collections())
  await t.notThrowsAsync(() => db.close())
})
