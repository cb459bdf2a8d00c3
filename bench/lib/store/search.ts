import { canopy } from '../peers/canopy.js'
import { LIMIT, type Engine, type Opener } from '../peers/engine.js'
import { lanceDb } from '../peers/lance.js'
import { sqliteVec } from '../peers/sqlite.js'
import { watched, type Blocking } from '../loop.js'
import { withFolder } from '../paths.js'
import { say, type Check } from '../result.js'
import { milliseconds, round, Rounds, type Timing } from '../time.js'
import { row } from '../vectors.js'
import type { Document } from '../wordnet.js'
import type { Data } from './data.js'
import type { Findings, Settings } from './findings.js'

type Mode = 'keyword' | 'vector' | 'hybrid'
const MODES: readonly Mode[] = ['keyword', 'vector', 'hybrid']
const QUERIES_PER_ROUND = 40
const WARM_UP = 10
const ADDITIONS_PER_ROUND = 200
const BLOCKED_MS = 5
/** Queries whose answers are compared with a brute force. */
const CHECKED = 20
/** Single precision can't tell scores apart that are so close. */
const TIE = 1e-6

/** What one engine did at one size. */
interface Contestant {
  engine: string
  buildSeconds: number
  add: Timing
  keyword: Timing
  vector: Timing
  hybrid: Timing
  /** Share of the ten exact neighbours that the vector search found. */
  recall: number
}

interface Size {
  records: number
  contestants: Contestant[]
  /** What our searching and adding does to the event loop. */
  loop: Blocking
}

/** Every engine at every size; they take turns, query round by query round. */
export async function measureSearch(data: Data, { sizes, peers, rounds }: Settings): Promise<Findings> {
  const openers: Array<[string, Opener]> = [['canopy', canopy], ...(peers ? ([['sqlite-vec + FTS5', sqliteVec], ['LanceDB', lanceDb]] as Array<[string, Opener]>) : [])]
  const skipped: string[] = []
  const measured: Size[] = []
  for (const records of sizes) {
    say(`  ${records} records`)
    measured.push(await withFolder((folder) => measureSize(data, records, rounds, openers, folder, skipped)))
  }
  return { figures: measured, checks: measured.flatMap(checks), skipped: [...new Set(skipped)] }
}

async function measureSize(data: Data, records: number, rounds: number, openers: Array<[string, Opener]>, folder: string, skipped: string[]): Promise<Size> {
  const runs: Run[] = []
  for (const [name, opener] of openers) {
    try {
      runs.push(await Run.start(await opener(folder), data, records))
    } catch (error) {
      skipped.push(`${name}: ${(error as Error).message.split('\n', 1)[0]}`)
    }
  }
  for (const run of runs) await run.warmUp()
  for (let turn = 0; turn < rounds; turn += 1) for (const run of runs) await run.search(turn)
  // Before the additions, which repeat stored vectors.
  for (const run of runs) await run.check()
  for (let turn = 0; turn < rounds; turn += 1) for (const run of runs) await run.add(turn)
  const ours = runs.find(({ engine }) => engine.name === 'canopy')
  const loop = await watched(async () => {
    await ours?.search(rounds)
    await ours?.add(rounds)
  })
  const contestants = []
  for (const run of runs) contestants.push(await run.finish())
  return { records, contestants, loop }
}

/** One engine at one size. */
class Run {
  readonly engine: Engine
  readonly #data: Data
  readonly #records: number
  readonly #buildSeconds: number
  #found = Number.NaN
  readonly #times = { keyword: new Rounds(), vector: new Rounds(), hybrid: new Rounds(), add: new Rounds() }

  private constructor(engine: Engine, data: Data, records: number, buildSeconds: number) {
    this.engine = engine
    this.#data = data
    this.#records = records
    this.#buildSeconds = buildSeconds
  }

  static async start(engine: Engine, data: Data, records: number): Promise<Run> {
    const documents = data.documents.slice(0, records)
    const seconds = (await milliseconds(() => engine.build(documents, data.vectors.subarray(0, records * data.dim), data.dim))) / 1000
    return new Run(engine, data, records, round(seconds))
  }

  async warmUp(): Promise<void> {
    for (const mode of MODES) for (const query of this.#queries(0).slice(0, WARM_UP)) await this.#ask(mode, query)
  }

  async search(turn: number): Promise<void> {
    for (const mode of MODES) await this.#times[mode].add(this.#queries(turn), (query) => this.#ask(mode, query))
  }

  /** One record after the other, each awaited: what a program does that saves a note. */
  async add(turn: number): Promise<void> {
    const { documents, vectors, dim } = this.#data
    const numbers = Array.from({ length: ADDITIONS_PER_ROUND }, (_, i) => turn * ADDITIONS_PER_ROUND + i)
    const additions = numbers.map((i) => ({ document: { ...(documents[i % documents.length] as Document), id: `new-${i}` }, vector: row(vectors, dim, i % documents.length).slice() }))
    await this.#times.add.add(additions, ({ document, vector }) => this.engine.add(document, vector))
  }

  async check(): Promise<void> {
    this.#found = await this.#recall()
  }

  async finish(): Promise<Contestant> {
    await this.engine.close()
    const { keyword, vector, hybrid, add } = this.#times
    return { engine: this.engine.name, buildSeconds: this.#buildSeconds, add: add.best, keyword: keyword.best, vector: vector.best, hybrid: hybrid.best, recall: this.#found }
  }

  /** Each turn asks other queries, the same for every engine. */
  #queries(turn: number): number[] {
    const count = this.#data.queries.length
    return Array.from({ length: QUERIES_PER_ROUND }, (_, i) => (turn * QUERIES_PER_ROUND + i) % count)
  }

  #ask(mode: Mode, query: number): Promise<string[]> {
    const { queries, queryVectors, dim } = this.#data
    const text = queries[query] ?? ''
    const vector = row(queryVectors, dim, query)
    if (mode === 'keyword') return this.engine.keyword(text)
    return mode === 'vector' ? this.engine.vector(vector) : this.engine.hybrid(text, vector)
  }

  /** Against a brute force over the same vectors. A hit counts when no more than ten vectors are nearer, so that equal ones may stand for each other. */
  async #recall(): Promise<number> {
    const { documents, vectors, queryVectors, dim } = this.#data
    const rows = new Map(documents.slice(0, this.#records).map(({ id }, i) => [id, i]))
    const asked = this.#queries(0).slice(0, CHECKED)
    let found = 0
    for (const query of asked) {
      const q = row(queryVectors, dim, query)
      const scores = Float64Array.from({ length: this.#records }, (_, i) => dot(q, vectors, i * dim))
      const worst = scores.toSorted().at(-LIMIT) ?? Number.NEGATIVE_INFINITY
      const hits = await this.#ask('vector', query)
      found += new Set(hits.filter((id) => (scores[rows.get(id) ?? -1] ?? Number.NEGATIVE_INFINITY) >= worst - TIE)).size
    }
    return round(found / (asked.length * Math.min(LIMIT, this.#records)))
  }
}

function dot(query: Float32Array, matrix: Float32Array, start: number): number {
  let sum = 0
  for (let i = 0; i < query.length; i += 1) sum += (query[i] as number) * (matrix[start + i] as number)
  return sum
}

/** What the issue of speed promises for each size: how many times faster than sqlite-vec + FTS5. */
const HYBRID_RATIO: ReadonlyMap<number, number> = new Map([[1_000, 3], [10_000, 5], [50_000, 6]])
const MUST_MS: ReadonlyMap<number, number> = new Map([[1_000, 500], [10_000, 1_000], [50_000, 1_000]])

function checks({ records, contestants, loop }: Size): Check[] {
  const [ours, ...others] = contestants
  if (ours === undefined) return []
  const sqlite = others.find(({ engine }) => engine.startsWith('sqlite'))
  const lance = others.find(({ engine }) => engine === 'LanceDB')
  const at = `at ${records} records`
  const found: Check[] = [
    { name: `hybrid search ${at}, P95`, value: ours.hybrid.p95, unit: 'ms', direction: 'at most', ...optional('must', MUST_MS.get(records)) },
    { name: `adding one record ${at}, P50`, value: ours.add.p50, unit: 'ms', direction: 'at most', goal: 0.15 },
    { name: `event loop blocked ${at}, longest`, value: loop.blockedMs, unit: 'ms', direction: 'at most', goal: BLOCKED_MS },
    { name: `vector search ${at}, recall`, value: ours.recall, unit: '', direction: 'at least', must: 0.95, goal: 0.99 },
  ]
  const ratio = HYBRID_RATIO.get(records)
  if (sqlite !== undefined && ratio !== undefined) found.push({ name: `hybrid ${at}: sqlite-vec + FTS5 over ours`, value: sqlite.hybrid.p50 / ours.hybrid.p50, unit: '×', direction: 'at least', goal: ratio })
  if (lance !== undefined) found.push({ name: `keyword ${at}: ours over LanceDB`, value: ours.keyword.p50 / lance.keyword.p50, unit: '×', direction: 'at most', goal: 1 })
  return found
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}
