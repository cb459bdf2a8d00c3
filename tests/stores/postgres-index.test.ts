import { openPostgres, administer, schemaUrl } from '../helpers/places.js'
import { using } from '../helpers/services.js'
import type { Metric } from '../../ts/index.js'

const onPostgres = using('postgres')
const COUNT = 6_000
const DIM = 24

/** Clustered points, as texts are: 60 centres with some noise. */
function points(count: number, seed: number): Float32Array {
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  const centres = Float32Array.from({ length: 60 * DIM }, random)
  return Float32Array.from({ length: count * DIM }, (_, i) => (centres[(Math.floor(i / DIM) % 60) * DIM + (i % DIM)] ?? 0) + 0.3 * random())
}

for (const [index, storage, metric] of [['ivfflat', 'vector', 'cosine'], ['hnsw', 'vector', 'l2'], ['hnsw', 'halfvec', 'dot']] as Array<['ivfflat' | 'hnsw', 'vector' | 'halfvec', Metric]>) {
  onPostgres(`postgres: ${index} over ${storage} by ${metric} finds nine of ten that comparing all finds`, async (t) => {
    const url = schemaUrl(t)
    const db = await openPostgres(t, url, { index, storage })
    const places = await db.create('places', { dim: DIM, metric })
    const matrix = points(COUNT, 5)
    await places.add(Array.from({ length: COUNT }, (_, i) => ({ id: `p${i}`, text: `p ${i}`, metadata: { even: i % 2 === 0 } })), { vectors: matrix })
    const queries = points(30, 9)
    const exact = await places.searchBatch(queries, { limit: 10 })
    // Rounded to halves, neighbours may change places.
    if (storage === 'vector') t.deepEqual(exact[0]?.hits.map(({ id }) => id), bruteForce(matrix, queries.subarray(0, DIM), metric).slice(0, 10).map((i) => `p${i}`), 'comparing all agrees with a loop')
    await places.rebuild()
    const [made] = await administer(`select indexdef from pg_indexes where schemaname = '${new URL(url).searchParams.get('schema')}' and indexname like 'vectors_of%'`)
    t.regex(String(made?.['indexdef']), new RegExp(`USING ${index}.*${storage}_`))
    if (index === 'ivfflat') t.regex(String(made?.['indexdef']), /lists='?100/)
    const near = await places.searchBatch(queries, { limit: 10 })
    const found = near.map(({ hits }, q) => hits.filter(({ id }) => exact[q]?.hits.some((hit) => hit.id === id)).length)
    const recall = found.reduce((a, b) => a + b, 0) / (10 * found.length)
    t.log(`recall@10 ${recall.toFixed(3)}`)
    t.true(recall >= 0.9, String(recall))
    // A filter narrows before the cut: the index is read on until there are enough.
    const even = await places.search({ vector: queries.subarray(0, DIM), limit: 50, filter: { even: true } })
    t.is(even.hits.length, 50)
    t.true(even.hits.every(({ metadata }) => metadata?.['even'] === true))
  })
}

function bruteForce(matrix: Float32Array, query: Float32Array, metric: Metric): number[] {
  const score = (row: Float32Array): number => {
    const dot = row.reduce((sum, value, i) => sum + value * (query[i] ?? 0), 0)
    if (metric === 'dot') return dot
    if (metric === 'l2') return -row.reduce((sum, value, i) => sum + (value - (query[i] ?? 0)) ** 2, 0)
    return dot / Math.hypot(...row)
  }
  const scores = Array.from({ length: matrix.length / DIM }, (_, i) => [score(matrix.subarray(i * DIM, (i + 1) * DIM)), i] as const)
  return scores.toSorted(([a], [b]) => b - a).map(([, i]) => i)
}

onPostgres('postgres: two collections of one dimension share a table and nothing else', async (t) => {
  const db = await openPostgres(t, schemaUrl(t))
  const one = await db.create('one', { dim: 2, metric: 'l2' })
  const two = await db.create('two', { dim: 2, metric: 'l2' })
  await one.add({ id: 'a', text: 'a', vector: [0, 0] })
  await two.add({ id: 'a', text: 'b', vector: [5, 5] })
  t.is((await one.search({ vector: [5, 5] })).hits.length, 1)
  await db.drop('one')
  t.is((await two.search({ vector: [5, 5] })).hits[0]?.text, 'b')
})

onPostgres('postgres: another model takes over in one step, and a text that changes loses its former vector', async (t) => {
  const db = await openPostgres(t, schemaUrl(t))
  const notes = await db.create('notes', { model: 'static-en' })
  await notes.add([{ id: 'tea', text: 'Green tea is brewed below boiling' }, { id: 'car', text: 'A car has four wheels' }])
  const before = await notes.info()
  const report = await notes.rebuild({ model: 'minilm-l6-v2' })
  t.like(report, { records: 2, embedded: 2, modelChanged: true })
  t.not((await notes.info()).vectors?.model?.digest, before.vectors?.model?.digest)
  t.is((await notes.search({ text: 'vehicle', mode: 'vector' })).hits[0]?.id, 'car')
  await notes.upsert({ id: 'car', text: 'Oolong is half fermented' })
  t.is((await notes.search({ text: 'vehicle', mode: 'vector' })).hits.length, 2)
  t.is((await notes.search({ text: 'fermented leaves', mode: 'vector' })).hits[0]?.id, 'car')
})
