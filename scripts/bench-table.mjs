// Writes the table of figures into the README and all of them into docs/figures.md, from the newest results under bench/results.
//   node scripts/bench-table.mjs           write it
//   node scripts/bench-table.mjs --check   exit 1 when the README holds another one

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { at } from './lib/paths.mjs'
import { Missing, main } from './lib/say.mjs'

const START = '<!-- bench:start -->'
const END = '<!-- bench:end -->'

const DATED = /-\d{4}-\d{2}-\d{2}\.json$/

/** What the README says of the other systems: the newest result's file without its date → the checks to show. */
const BEYOND = {
  'cover-tree-residual-n32768-d3': /times faster|^recall|^1,024/,
  'cover-tree-euclidean-n131072-d3': /times faster/,
  'cover-tree-euclidean-n32768-d16': /times faster/,
  'ann-fashion-mnist': /best peer|recall/,
  'ann-clustered-1m': /best peer|recall/,
  graph: /./,
  hyperbolic: /times/,
  topology: /times|GUDHI|nodes/,
  ingest: /./,
  'pgvector-100000': /./,
}

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
  if (store !== undefined) parts.push(machineLine(store), ...searchTable(store), ...figures([...store.checks.filter(other), ...(http?.checks ?? []).filter(rate)]))
  if (quality !== undefined) parts.push(...qualityTable(quality))
  parts.push(...beyondTable())
  parts.push('Measured by `canopy bench store --peers`, `canopy bench http`, `canopy bench quality --data …` and the commands beside the figures; [every figure](docs/figures.md) with its goal, and the whole results in `bench/results/`.')
  return parts.join('\n')
}

/** Figures of the systems beside search. */
function* beyondTable() {
  const rows = Object.entries(BEYOND).flatMap(([name, wanted]) => {
    const result = newest(name)
    return (result?.checks ?? []).filter((check) => wanted.test(check.name)).map((check) => row([check.name, ...measured(check), `\`${result.command ?? `canopy bench ${name}`}\``, result.date.slice(0, 10)]))
  })
  if (rows.length === 0) return
  yield row(['beyond search', 'measured', 'goal', 'command', 'date'])
  yield row(['---', '---:', '---:', '---', '---'])
  yield* rows
  yield ''
}

/** Every check of every bench, met or missed. */
function everything() {
  const names = [...new Set(files().map((file) => file.replace(DATED, '')))].toSorted()
  const parts = ['# Figures', '', 'Every figure that a command of this repository measured, with what we want of it; written by `node scripts/bench-table.mjs` from `bench/results/`. ✗ is a miss.', '']
  for (const name of names) {
    const { command = `canopy bench ${name}`, date, machine, load, checks, skipped } = newest(name)
    parts.push(`## ${name}`, '', `\`${command}\`, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.isa}, Node ${machine.node}, load average ${load[0]} when it ended.`, '')
    if (checks.length > 0) parts.push(row(['figure', 'measured', 'goal', '']), row(['---', '---:', '---:', '---']), ...checks.map((check) => row([check.name, ...measured(check), check.met === 'missed' ? '✗' : ''])), '')
    for (const what of skipped) parts.push(`- not measured: ${what}`)
    if (skipped.length > 0) parts.push('')
  }
  return `${parts.join('\n').trimEnd()}\n`
}

/** A check's value and what it should be. */
function measured({ value, unit, goal, must, direction }) {
  return [`${short(value)} ${unit}`.trim(), `${direction === 'at most' ? '≤' : '≥'} ${(goal ?? must).toLocaleString('en')}`]
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
function* searchTable({ figures: { search, data } }) {
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
  yield `\n${data}. Share of the true neighbours that our vector search found: ${search.map(({ contestants: [ours] }) => ours.recall).join(', ')}.\n`
}

function other({ name }) {
  return /^(adding one record at 10000|indexing|importing|resident|MiniLM|exact f32|hybrid at)/.test(name)
}

function rate({ name }) {
  return name.includes('over HTTP')
}

function* figures(checks) {
  yield row(['figure', 'measured', 'goal'])
  yield row(['---', '---:', '---:'])
  for (const check of checks) yield row([check.name, ...measured(check)])
  yield ''
}

/** The better model alone; the results hold both. */
function* qualityTable({ figures: { ndcg10 } }) {
  yield row(['nDCG@10, MiniLM', 'keywords', 'vectors', 'hybrid', 'plain RRF'])
  yield row(['---', '---:', '---:', '---:', '---:'])
  for (const { set, model, bm25, vectors, hybrid, rrf } of ndcg10) {
    if (model.startsWith('minilm')) yield row([set, bm25.toFixed(3), vectors.toFixed(3), `**${hybrid.toFixed(3)}**`, rrf.toFixed(3)])
  }
  yield ''
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
