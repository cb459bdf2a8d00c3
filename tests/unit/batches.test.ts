import test from 'ava'
import fc from 'fast-check'
import { batches, type Batch } from '../../ts/engine/batches.js'
import { parse, stringify } from '../../ts/engine/json.js'
import type { RecordInput } from '../../ts/index.js'

const vectors = fc.option(fc.integer({ min: 1, max: 3 }).map((dim) => Float32Array.from({ length: dim }, (_, i) => i)), { nil: undefined })
const records = fc.array(fc.record({ id: fc.string(), text: fc.string({ unit: 'binary' }), vector: vectors }), { maxLength: 700 })

async function collect(input: RecordInput[], matrix?: Float32Array): Promise<Batch[]> {
  const cut = []
  for await (const batch of batches(input, matrix)) cut.push(batch)
  return cut
}

test('batches hold every record once, in order, and vectors of one length', async (t) => {
  await fc.assert(
    fc.asyncProperty(records, async (input) => {
      const cut = await collect(input as RecordInput[])
      t.deepEqual(cut.flatMap((batch) => batch.records), input)
      for (const { records: part, vectors: packed, json } of cut) {
        t.true(part.length <= 512)
        t.is(packed?.length, part[0]?.vector === undefined ? undefined : part.length * part[0].vector.length)
        t.deepEqual(parse<Array<{ id: string }>>(json).map(({ id }) => id), part.map(({ id }) => id?.toWellFormed()))
      }
    }),
    { numRuns: 50 },
  )
})

test('a matrix is cut into views, never copied', async (t) => {
  const matrix = new Float32Array(2500 * 4)
  const input = Array.from({ length: 2500 }, (_, i) => ({ text: String(i) }))
  const cut = await collect(input, matrix)
  t.deepEqual(cut.map((batch) => batch.vectors?.length), [8192, 1808])
  t.true(cut.every((batch) => batch.vectors?.buffer === matrix.buffer))
})

test('long texts make small batches', async (t) => {
  const input = Array.from({ length: 20 }, () => ({ text: 'x'.repeat(200_000) }))
  t.deepEqual((await collect(input)).map(({ records: part }) => part.length), [6, 6, 6, 2])
})

test('the event loop turns while a batch is made', async (t) => {
  let turns = 0
  const input = Array.from({ length: 2048 }, (_, i) => ({ text: String(i), vector: [1] }))
  let counting = setImmediate(function count() {
    turns += 1
    counting = setImmediate(count)
  })
  t.is((await collect(input)).length, 1)
  clearImmediate(counting)
  t.true(turns >= 7)
})

test('any string becomes JSON that UTF-8 can hold, and only lone surrogates change', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.is(parse(Buffer.from(stringify({ text }))) instanceof Object, true)
      t.is(parse<{ text: string }>(Buffer.from(stringify({ text }))).text, text.toWellFormed())
    }),
  )
})
