import test from 'ava'
import { IdMap } from '../../ts/engine/id-map.js'
import { Ids, type VectorId } from '../../ts/engine/ids.js'

test('ids come back from what is written, with numbers that are free', async (t) => {
  for (const name of [(i: number) => `nä"me\n${i}`, (i: number) => -(2n ** 80n) + BigInt(i)] as ((i: number) => VectorId)[]) {
    const ids = Ids.like(name(0))
    const names = Array.from({ length: 20_000 }, (_, i) => name(i))
    t.deepEqual([...(await ids.assign(names))], names.map((_, i) => i))
    ids.free(await ids.forget([name(7), name(19_999), name(99_999)]))
    const read = await Ids.read(await ids.write())
    t.is(read.kind, ids.kind)
    t.deepEqual([...(await read.known(names))], names.map((_, i) => i).filter((i) => i !== 7 && i !== 19_999))
    t.is(read.of(6), name(6))
    t.deepEqual([...(await read.assign([name(7), name(8)]))].slice(1), [8])
    t.true([7, 19_999].includes((await read.known([name(7)]))[0] ?? -1))
  }
  t.is((await Ids.read(await new Ids('string').write())).kind, 'string')
  t.is((await Ids.read(Buffer.alloc(0))).kind, 'number')
})

test('a map of ids deals them out evenly, so that no part of it grows large', (t) => {
  const kinds: ((i: number) => VectorId)[] = [(i) => `record/${i}`, (i) => `doc/${i}/text`, (i) => BigInt(i), (i) => (i * 2654435761).toString(16), (i) => `${i}`, (i) => 2n ** 70n + 64n * BigInt(i)]
  for (const name of kinds) {
    const map = new IdMap()
    for (let i = 0; i < 50_000; i += 1) map.set(name(i), i)
    // A part that grows moves what it holds: of a million ids that must stay some ten thousand.
    t.true(map.largest < 50_000 / 16, `${String(name(7))}: ${map.largest}`)
    t.is(map.get(name(49_999)), 49_999)
    map.delete(name(3))
    t.is(map.get(name(3)), undefined)
  }
})
