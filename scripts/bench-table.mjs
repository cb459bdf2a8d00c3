// Writes the table of figures into the README and all of them into docs/figures.md, from the newest results under bench/results.
//   node scripts/bench-table.mjs           write it
//   node scripts/bench-table.mjs --check   exit 1 when the README holds another one

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { at } from './lib/paths.mjs'
import { Missing, main } from './lib/say.mjs'

const START = '<!-- bench:start -->'
const END = '<!-- bench:end -->'

const DATED = /-\d{4}-\d{2}-\d{2}\.json$/

/** What the README says of the systems beside search: the result's file without its date, the check, and what a reader calls it. All the rest is in docs/figures.md. */
const HIGHLIGHTS = [
  ['ann-fashion-mnist', /^recall_10 ≥ .*P50/, 'Fashion-MNIST, 60,000 × 784: one search at recall@10 ≥ 0.97, P50'],
  ['ann-fashion-mnist', /^recall_10 ≥ .*the best peer/, 'the same: times as fast as the best of hnswlib, faiss, usearch, SymphonyQG'],
  ['ann-fashion-mnist', /^recall_100.*the best peer/, 'the same, 100 neighbours at recall ≥ 0.99'],
  ['ann-wordnet', /^recall_10 ≥ .*P50/, 'WordNet glosses by MiniLM, 117,791 × 384: recall@10 ≥ 0.95, P50'],
  ['ann-wordnet', /^recall_10 ≥ .*the best peer/, 'the same: times as fast as the best peer'],
  ['ann-clustered-1m', /^recall_100_at_100 ≥ .*P95/, 'a million × 256: 100 neighbours at recall ≥ 0.97, P95'],
  ['ann-clustered-1m', /^build/, 'the same: build'],
  ['ann-clustered-1m', /^filter of 1 %: rate/, 'the same, only 1 % allowed: rate beside the unfiltered'],
  ['cover-tree-residual-n32768-d3', /^recall/, 'residual correlation, 32,768 points, 50 neighbours: recall'],
  ['cover-tree-residual-n32768-d3', /^all pred.*faster than numpy/, 'the same: all predecessors, times as fast as numpy'],
  ['cover-tree-residual-n32768-d3', /^1,024/, 'the same: 1,024 queries'],
  ['cover-tree-residual-n1000000-d3', /^all pred/, 'a million points: all predecessors'],
  ['cover-tree-euclidean-n32768-d16', /times faster/, '32,768 points in 16 dimensions, exact: all-kNN, times as fast as the best of kiddo, faiss, SciPy'],
  ['graph', /^GraphWave, times/, 'GraphWave, 10,000 nodes: times as fast as numpy'],
  ['graph', /^Node2Vec, whole/, 'Node2Vec, 10,000 nodes: walks and training'],
  ['graph', /^\/explain, P95/, '/explain over HTTP, 100,000 nodes: P95'],
  ['topology', /^times faster than GUDHI, 5000/, 'persistence of 5,000 nodes: times as fast as GUDHI'],
  ['hyperbolic', /^dist, /, 'distances in the Poincaré ball, 16 dimensions'],
  ['ingest', /^records accepted and stored, flat/, 'ingestion over HTTP: accepted and stored'],
  ['ingest', /^accepting/, 'ingestion at 20,000 records a second: accepting a request, P99'],
  ['ingest', /^budget/, 'privacy budgets: checks with their audit lines'],
  ['pgvector-100000', /^LIMIT 5 at/, 'PostgreSQL, 100,000 × 256: five nearest at recall ≥ 0.95, P50'],
  ['cache', /^overshoot/, 'hit ratio of the cache after a burst: overshoot, the worst of all traces'],
  ['cache', /^off the goal/, 'the same: off its goal once settled'],
  ['speech', /^two_cities.*wrong/, 'speech, Whisper tiny.en: words that are wrong'],
  ['speech', /^two_cities.*time/, 'the same: processing time over audio time'],
  ['soak', /^resident/, 'half an hour of mixed work and faults: rise of resident memory'],
  ['soak', /^acknowledged records that are lost by/, 'the same: acknowledged records that a killed server lost'],
]

await main(() => {
  const readme = readFileSync(at('README.md'), 'utf8')
  const [before, rest] = readme.split(START)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Missing(`README.md has no place for the table: add ${START} and ${END}`)
  const pages = { 'README.md': `${before}${START}\n${section()}\n${END}${after}`, 'docs/figures.md': everything() }
  for (const [page, written] of Object.entries(pages)) {
    if (!process.argv.includes('--check')) writeFileSync(at(page), written)
    else if (readFileSync(at(page), 'utf8') !== written) throw new Missing(`the figures in ${page} are not those of bench/results: run node scripts/bench-table.mjs`)
  }
})

function section() {
  const [store, http, quality] = ['store', 'http', 'quality'].map(newest)
  const parts = []
  if (store !== undefined) parts.push(machineLine(store), ...searchTable(store), ...figures([[store, other], [http, rate]]))
  if (quality !== undefined) parts.push(...qualityTable(quality))
  parts.push(...beyondTable())
  parts.push('[Every figure](docs/figures.md) with its goal; the whole results are in `bench/results/`.')
  return parts.join('\n')
}

/** Figures of the systems beside search, and how many of all there are that miss their goal. */
function* beyondTable() {
  const rows = HIGHLIGHTS.flatMap(([name, wanted, says]) => {
    const result = newest(name)
    const check = result?.checks.find((one) => wanted.test(one.name))
    return check === undefined ? [] : [row([says, ...measured(check), miss(check), ...made(result)])]
  })
  if (rows.length === 0) return
  yield row(['beyond search', 'measured', 'goal', '', 'command', 'date'])
  yield row(['---', '---:', '---:', '---', '---', '---'])
  yield* rows
  yield ''
  const all = names().flatMap((name) => newest(name).checks)
  const missed = all.filter((check) => miss(check) !== '')
  yield `${all.length - missed.length} of ${all.length} recorded figures meet their goal${missed.length === 0 ? '' : '; ✗ marks those that don’t, here and on the page of all figures'}.\n`
}

/** Every check of every bench, met or missed. */
function everything() {
  const parts = ['# Figures', '', 'Every figure that a command of this repository measured, with what we want of it; written by `node scripts/bench-table.mjs` from `bench/results/`. ✗ is a miss.', '']
  for (const name of names()) {
    const { command = `canopy bench ${name}`, date, machine, load, checks, skipped } = newest(name)
    parts.push(`## ${name}`, '', `\`${command}\`, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.isa}, Node ${machine.node}, load average ${load[0]} when it ended.`, '')
    if (checks.length > 0) parts.push(row(['figure', 'measured', 'goal', '']), row(['---', '---:', '---:', '---']), ...checks.map((check) => row([check.name, ...measured(check), miss(check)])), '')
    for (const what of skipped) parts.push(`- not measured: ${what}`)
    if (skipped.length > 0) parts.push('')
  }
  return `${parts.join('\n').trimEnd()}\n`
}

/** A check's value and what it should be. */
function measured({ value, unit, goal, must, direction }) {
  return [`${short(value)} ${unit}`.trim(), `${direction === 'at most' ? '≤' : '≥'} ${goalText(goal ?? must)}`]
}

/** `20,000`, `0.95`, `1e-8`: what is nearly 0 isn't written as 0. */
function goalText(value) {
  return value !== 0 && Math.abs(value) < 0.001 ? String(value) : value.toLocaleString('en')
}

function miss({ met }) {
  return met === 'missed' ? '✗' : ''
}

/** The benches that have results, by their files without the date. */
function names() {
  return [...new Set(files().map((file) => file.replace(DATED, '')))].toSorted()
}

function files() {
  return readdirSync(at('bench', 'results')).filter((file) => DATED.test(file))
}

/** The newest result of a bench (its file's name without the date), or undefined. */
function newest(name) {
  const last = files().filter((file) => file.replace(DATED, '') === name).toSorted().at(-1)
  return last === undefined ? undefined : JSON.parse(readFileSync(at('bench', 'results', last), 'utf8'))
}

function machineLine({ machine, date, load, options: { rounds } }) {
  return `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.isa}, Node ${machine.node}, ${date.slice(0, 10)}; load average ${load[0]} when it ended${machine.priority < 0 ? ', measured with a raised priority beside other work' : ''}. All engines ran in one process, taking turns; medians of the best of ${rounds} rounds.\n`
}

/** Milliseconds of every engine at every size. */
function* searchTable(result) {
  const { search, data } = result.figures
  const engines = search[0].contestants.map(({ engine }) => engine)
  const head = ['P50, ms (top 10)', ...search.flatMap(({ records }) => `${records.toLocaleString('en')} records`)]
  yield row(head)
  yield row(head.map((_, i) => (i === 0 ? '---' : '---:')))
  for (const engine of engines) {
    for (const mode of ['keyword', 'vector', 'hybrid']) {
      const cells = search.map(({ contestants }) => contestants.find((one) => one.engine === engine)?.[mode].p50 ?? '–')
      yield row([`${engine}: ${mode}`, ...cells.map((cell) => (engine === 'canopy' ? `**${short(cell)}**` : short(cell)))])
    }
  }
  yield `\n${made(result).join(', ')}. ${data}. Share of the true neighbours that our vector search found: ${search.map(({ contestants: [ours] }) => ours.recall).join(', ')}.\n`
}

function other({ name }) {
  return /^(adding one record at 10000|indexing|importing|resident|MiniLM|exact f32|hybrid at)/.test(name)
}

function rate({ name }) {
  return name.includes('over HTTP')
}

/** The checks of some results that are worth showing. */
function* figures(shown) {
  yield row(['figure', 'measured', 'goal', 'command', 'date'])
  yield row(['---', '---:', '---:', '---', '---'])
  for (const [result, wanted] of shown) for (const check of (result?.checks ?? []).filter(wanted)) yield row([check.name, ...measured(check), ...made(result)])
  yield ''
}

/** The command that measured a result, and when. */
function made({ bench, command = `canopy bench ${bench}`, date }) {
  return [`\`${command}\``, date.slice(0, 10)]
}

/** The better model alone; the results hold both. */
function* qualityTable(result) {
  const { ndcg10 } = result.figures
  yield row(['nDCG@10, MiniLM', 'keywords', 'vectors', 'hybrid', 'plain RRF'])
  yield row(['---', '---:', '---:', '---:', '---:'])
  for (const { set, model, bm25, vectors, hybrid, rrf } of ndcg10) {
    if (model.startsWith('minilm')) yield row([set, bm25.toFixed(3), vectors.toFixed(3), `**${hybrid.toFixed(3)}**`, rrf.toFixed(3)])
  }
  yield `\n${made(result).join(', ')}.\n`
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

/** Three digits: `0.503`, `15.2`, `3,812`; more where a share would become whole. */
function short(value) {
  if (typeof value !== 'number') return value
  if (value > 0.99 && value < 1) return String(value)
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
