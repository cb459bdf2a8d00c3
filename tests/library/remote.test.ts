import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import type { Embedder } from '../../ts/index.js'
import { database, folder } from '../helpers/temp.js'

/** Vectors by the letters of a text: enough to see that they are used. */
const letters: Embedder = {
  dim: 26,
  async embed(texts) {
    const vectors = new Float32Array(texts.length * 26)
    texts.forEach((text, row) => [...text.toLowerCase()].forEach((letter) => {
      const column = (letter.codePointAt(0) ?? 0) - 97
      if (column >= 0 && column < 26) vectors[row * 26 + column] = (vectors[row * 26 + column] ?? 0) + 1
    }))
    return vectors
  },
}

test('a remote model embeds what is written and what is asked', async (t) => {
  const db = await database(t, { remoteModels: { letters } })
  const words = await db.create('words', { model: 'letters' })
  t.deepEqual((await words.info()).vectors?.model?.name, 'letters')
  await words.add(['listen', 'banana', 'xylophone'].map((text) => ({ id: text, text })))
  t.is((await words.search({ text: 'silent', mode: 'vector' })).hits[0]?.id, 'listen')
  t.deepEqual([...(await db.embed('letters', ['ab']))].slice(0, 3), [1, 1, 0])
})

test('what a remote model missed is embedded by a rebuild, and an import embeds by itself', async (t) => {
  const db = await database(t, { remoteModels: { letters } })
  const words = await db.create('words', { model: 'letters' })
  const source = path.join(await folder(t), 'words.jsonl')
  await writeFile(source, ['listen', 'banana'].map((text) => JSON.stringify({ id: text, text })).join('\n'))
  await words.import(source)
  t.is((await words.search({ text: 'silent', mode: 'vector', limit: 1 })).hits[0]?.id, 'listen')
  t.like(await words.rebuild(), { records: 2, embedded: 0 })
})
