import pg from 'pg'
import { say, type Check } from '../result.js'
import { Rounds, round, type Timing } from '../time.js'
import { row } from '../vectors.js'
import { DIM, clustered } from './data.js'
import { fresh } from './load.js'

const LIMIT = 5
const QUERIES = 200

/** One setting of one index. */
interface Setting {
  index: 'hnsw' | 'ivfflat'
  /** hnsw: candidates kept; ivfflat: lists looked into, of 100. */
  effort: number
  recall: number
  /** Milliseconds of `ORDER BY embedding <=> $1 LIMIT 5` as the product sends it, prepared. */
  query: Timing
}

/** What one index costs and finds. */
export interface Searched {
  buildSeconds: Record<string, number>
  settings: Setting[]
  /** Milliseconds of a whole search through the product at its default effort, records read. */
  product: Record<string, Timing>
}

const EFFORTS = { hnsw: [40, 100, 200], ivfflat: [4, 16, 32] } as const
/** What the product takes unless told otherwise. */
const DEFAULTS = { hnsw: 100, ivfflat: 32 } as const

/** Loads once, then builds each index and searches with it; the truth is what comparing all finds in the same server. */
export async function measureSearching(url: string, matrix: Float32Array, rounds: number): Promise<{ figures: Searched; checks: Check[] }> {
  const queries = clustered(QUERIES, 99)
  const figures: Searched = { buildSeconds: {}, settings: [], product: {} }
  const loader = await fresh(url)
  const rows = matrix.length / DIM
  try {
    const collection = await loader.create('search', { dim: DIM })
    await collection.add(Array.from({ length: rows }, (_, i) => ({ id: `r${i}` })), { vectors: matrix })
  } finally {
    await loader.close()
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('set search_path = canopy_bench, public; set statement_timeout = 0')
    const { rows: [made] } = await client.query<{ id: number; generation: number }>("select id, generation from collections where name = 'search'")
    const text = `select v.key from vectors_${DIM} v where v.collection = ${made?.id} and v.generation = ${made?.generation} order by (v.embedding <=> $1::vector(${DIM})) limit ${LIMIT}`
    // A plan that was made before an index was there must not be used after: every setting has a statement of its own.
    let name = 'all'
    const near = async (query: number): Promise<string[]> => (await client.query<{ key: string }>({ name, text, values: [`[${row(queries, DIM, query).join(',')}]`] })).rows.map(({ key }) => key)
    say('  comparing all')
    const truth: string[][] = []
    for (let query = 0; query < QUERIES; query += 1) truth.push(await near(query))
    for (const index of ['ivfflat', 'hnsw'] as const) {
      say(`  building ${index}`)
      const db = await fresh(url, { index, efSearch: DEFAULTS.hnsw, probes: DEFAULTS.ivfflat })
      try {
        const collection = await db.collection('search')
        const started = performance.now()
        await collection.rebuild()
        figures.buildSeconds[index] = round((performance.now() - started) / 1000)
        for (const effort of EFFORTS[index]) {
          name = `${index} ${effort}`
          await client.query(`set ${index === 'hnsw' ? 'hnsw.ef_search' : 'ivfflat.probes'} = ${effort}`)
          let found = 0
          for (let query = 0; query < QUERIES; query += 1) found += (await near(query)).filter((key) => truth[query]?.includes(key)).length
          const times = new Rounds()
          for (let turn = 0; turn < rounds; turn += 1) await times.add(Array.from({ length: QUERIES }, (_, query) => query), near)
          figures.settings.push({ index, effort, recall: round(found / (LIMIT * QUERIES)), query: times.best })
        }
        const whole = new Rounds()
        for (let turn = 0; turn < rounds; turn += 1) await whole.add(Array.from({ length: QUERIES }, (_, query) => query), (query) => collection.search({ vector: row(queries, DIM, query), mode: 'vector', limit: LIMIT }))
        figures.product[index] = whole.best
      } finally {
        await db.close()
      }
    }
  } finally {
    await client.end()
    const last = await fresh(url)
    await last.drop('search')
    await last.close()
  }
  return { figures, checks: figures.settings.filter(({ index, effort }) => effort === DEFAULTS[index]).flatMap(verdicts).concat(goal(figures)) }
}

function verdicts({ index, recall, query }: Setting): Check[] {
  return [
    { name: `${index}: recall@5`, value: recall, unit: '', direction: 'at least', goal: 0.95, must: 0.9 },
    { name: `${index}: LIMIT 5, P95`, value: query.p95, unit: 'ms', direction: 'at most', must: 30 },
  ]
}

/** The fastest setting that finds 95 of 100. */
function goal({ settings }: Searched): Check[] {
  const good = settings.filter(({ recall }) => recall >= 0.95).toSorted((a, b) => a.query.p50 - b.query.p50)[0]
  return [{ name: `LIMIT 5 at recall ≥ 0.95, P50${good === undefined ? '' : ` (${good.index}, ${good.effort})`}`, value: good?.query.p50 ?? Number.POSITIVE_INFINITY, unit: 'ms', direction: 'at most', goal: 3 }]
}
