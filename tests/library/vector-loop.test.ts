import test from 'ava'
import { watched } from '../../bench/lib/loop.js'
import { VectorIndex } from '../../ts/index.js'
import { cloud } from '../helpers/vectors.js'

const [BEFORE, NEW, DIM, BATCH] = [2000, 10_000, 64, 100]
/** Nothing may hold the event loop for longer. */
const MOST_MS = 5

const vectors = cloud(BEFORE + NEW, DIM, 1)

/** The least of a few runs: what other programs add is in one of them, what the work does is in all. */
async function blocked(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5 && least > MOST_MS; run += 1) least = Math.min(least, (await watched(work)).blockedMs)
  return least
}

test.serial('a call that holds the event loop is seen', async (t) => {
  const hold = async (): Promise<void> => {
    // Of a core, not of a clock: others may have the core meanwhile.
    const start = process.cpuUsage()
    while (process.cpuUsage(start).user < 4000 * MOST_MS) continue
    await Promise.resolve()
  }
  const found = await blocked(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await hold()
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
  t.true(found > MOST_MS, `${found} ms`)
})

for (const [kind, name] of [['numbers', (i: number) => i], ['strings', (i: number) => `record/${i}`]] as const) {
  test.serial(`ten thousand vectors with ${kind} for ids never hold the event loop`, async (t) => {
    const ids = Array.from({ length: BEFORE + NEW }, (_, i) => name(i))
    const index = await VectorIndex.build<number | string>(vectors.slice(0, BEFORE * DIM), { dim: DIM, metric: 'l2', ids: ids.slice(0, BEFORE) })
    const few = await blocked(async () => {
      for (let at = BEFORE; at < ids.length; at += BATCH) await index.upsert(ids.slice(at, at + BATCH), vectors.subarray(at * DIM, (at + BATCH) * DIM))
    })
    t.true(few < MOST_MS, `${few} ms by ${BATCH} a call`)
    t.is((await index.info()).length, BEFORE + NEW)
    const all = await blocked(() => index.upsert(ids.slice(BEFORE), vectors.subarray(BEFORE * DIM)))
    t.true(all < MOST_MS, `${all} ms by all in a call`)
    t.is((await index.search(vectors.slice(-DIM), 1))[0]?.id, name(BEFORE + NEW - 1))
  })
}
