// Writes the table of figures into the README, from the newest results under bench/results.
//   node scripts/bench-table.mjs           write it
//   node scripts/bench-table.mjs --check   exit 1 when the README holds another one

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { at } from './lib/paths.mjs'
import { Missing, main } from './lib/say.mjs'

const START = '<!-- bench:start -->'
const END = '<!-- bench:end -->'

await main(() => {
  const readme = readFileSync(at('README.md'), 'utf8')
  const [before, rest] = readme.split(START)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Missing(`README.md has no place for the table: add ${START} and ${END}`)
  const written = `${before}${START}\n${section()}\n${END}${after}`
  if (process.argv.includes('--check')) {
    if (written !== readme) throw new Missing('the table in README.md is not that of bench/results: run node scripts/bench-table.mjs')
  } else {
    writeFileSync(at('README.md'), written)
  }
})

function section() {
  const [store, http, quality] = ['store', 'http', 'quality'].map(newest)
  const parts = []
  if (store !== undefined) parts.push(machineLine(store), ...searchTable(store), ...figures([...store.checks.filter(other), ...(http?.checks ?? []).filter(rate)]))
  if (quality !== undefined) parts.push(...qualityTable(quality))
  parts.push('Measured by `canopy bench store --peers`, `canopy bench http` and `canopy bench quality --data …`; the whole results are in `bench/results/`.')
  return parts.join('\n')
}

/** The newest result of a bench, or undefined. */
function newest(bench) {
  const files = readdirSync(at('bench', 'results')).filter((file) => file.startsWith(`${bench}-`) && file.endsWith('.json'))
  const last = files.toSorted().at(-1)
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
  yield `\n${data}. Every vector search here is exact.\n`
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
  for (const { name, value, unit, goal, must, direction } of checks) {
    yield row([name, `${short(value)} ${unit}`.trim(), `${direction === 'at most' ? '≤' : '≥'} ${(goal ?? must).toLocaleString('en')}`])
  }
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

/** Three digits: `0.503`, `15.2`, `3,812`. */
function short(value) {
  if (typeof value !== 'number') return value
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
