import test from 'ava'
import { open } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'

test('what was written is there after the folder was closed and opened again', async (t) => {
  const dir = await folder(t)
  const first = await open(dir)
  await (await first.create('notes')).add({ id: 'a', text: 'kept' })
  await first.close()
  const second = await open(dir)
  t.teardown(() => second.close())
  t.is((await (await second.collection('notes')).get('a'))?.text, 'kept')
})

test('a second writer is told that the folder is taken; a reader may look on', async (t) => {
  const dir = await folder(t)
  const writer = await open(dir)
  t.teardown(() => writer.close())
  const notes = await writer.create('notes')
  await notes.add({ id: 'a', text: 'seen by both' })
  const reader = await open(dir, { readOnly: true })
  t.teardown(() => reader.close())
  const seen = await reader.collection('notes')
  t.is((await seen.get('a'))?.text, 'seen by both')
  await notes.add({ id: 'b', text: 'added while the other looked on' })
  t.is((await seen.search('added')).hits[0]?.id, 'b')
})
