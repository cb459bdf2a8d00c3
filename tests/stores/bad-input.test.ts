import { open as openFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { conform } from '../helpers/places.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

conform('a vector of the wrong dimension', async (t, database) => {
  const points = await (await database(t)).create('points', { dim: 3 })
  await fails(t, 'VECTOR_DIMENSION', () => points.add({ id: 'a', text: 'a', vector: [1, 2] }))
  await fails(t, 'VECTOR_DIMENSION', () => points.search({ vector: [1, 2, 3, 4] }))
  t.is((await points.info()).count, 0)
})

conform('NaN and infinity', async (t, database) => {
  const points = await (await database(t)).create('points', { dim: 2 })
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e39]) {
    await fails(t, 'VECTOR_NOT_FINITE', () => points.add({ id: 'a', text: 'a', vector: [bad, 1] }))
    await fails(t, 'VECTOR_NOT_FINITE', () => points.search({ vector: Float32Array.from([1, bad]) }))
  }
})

conform('an empty text without a vector', async (t, database) => {
  const notes = await (await database(t)).create('notes')
  for (const text of ['', '   ', undefined]) await fails(t, 'TEXT_EMPTY', () => notes.add({ id: 'a', text }))
  await fails(t, 'SEARCH_EMPTY', () => notes.search({}))
})

conform('duplicate ids, stored or in one call', async (t, database) => {
  const notes = await (await database(t)).create('notes', { model: null })
  await notes.add({ id: 'a', text: 'first' })
  await fails(t, 'RECORD_EXISTS', () => notes.add({ id: 'a', text: 'second' }))
  await fails(t, 'RECORD_EXISTS', () => notes.add([{ id: 'b', text: 'x' }, { id: 'b', text: 'y' }]))
  t.is((await notes.get('a'))?.text, 'first')
  t.is(await notes.get('b'), undefined, 'a batch is all or nothing')
  const error = await fails(t, 'RECORD_EXISTS', () => notes.add([...Array.from({ length: 1100 }, (_, i) => ({ id: `n${i}`, text: 'n' })), { id: 'a', text: 'z' }]))
  t.is(error?.written, 1024)
})

conform('an unknown collection, record or model', async (t, database) => {
  const db = await database(t)
  await fails(t, 'COLLECTION_NOT_FOUND', () => db.collection('nobody'))
  await fails(t, 'COLLECTION_NOT_FOUND', () => db.drop('nobody'))
  const notes = await db.create('notes', { model: null })
  await fails(t, 'RECORD_NOT_FOUND', () => notes.update({ id: 'nobody', text: 'x' }))
  await fails(t, 'RECORD_NOT_FOUND', () => notes.similar('nobody'))
  await fails(t, 'MODEL_UNKNOWN', () => db.create('other', { model: 'gpt-9' }))
  await fails(t, 'COLLECTION_EXISTS', () => db.create('notes'))
})

conform('names and ids that cannot be', async (t, database) => {
  const db = await database(t)
  for (const name of ['', 'a/b', 'x'.repeat(129), '\u0000']) await fails(t, 'COLLECTION_NAME', () => db.create(name))
  const notes = await db.create('notes', { model: null })
  for (const id of ['', 'x'.repeat(5000)]) await fails(t, 'RECORD_ID', () => notes.add({ id, text: 'x' }))
})

conform('requests that cannot be', async (t, database) => {
  const notes = await (await database(t)).create('notes', { model: null })
  await fails(t, 'SEARCH_REQUEST', () => notes.search({ text: 'a', limit: 0 }))
  await fails(t, 'FILTER_INVALID', () => notes.search({ text: 'a', filter: { year: { near: 5 } } }))
  await fails(t, 'JSON_INVALID', () => notes.search({ text: 'a', mode: 'fuzzy' as 'hybrid' }))
  await fails(t, 'JSON_INVALID', () => notes.add({ id: 'a', text: 5 as unknown as string }))
  await fails(t, 'VECTOR_COUNT', () => notes.add([{ text: 'a' }, { text: 'b' }], { vectors: new Float32Array(3) }))
})

conform('a line of 1 GB is refused at the limit, without reading it all', async (t, database) => {
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

conform('a file that is not UTF-8, not JSON or not there', async (t, database) => {
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

conform('calls after closing', async (t, database) => {
  const db = await database(t)
  const notes = await db.create('notes', { model: null })
  await db.close()
  await fails(t, 'CLOSED', () => notes.search('a'))
  await fails(t, 'CLOSED', () => db.collections())
  await t.notThrowsAsync(() => db.close())
})
