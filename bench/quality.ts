// canopy bench quality: nDCG@10 of keywords, vectors and both, collection by collection.
//
//   canopy bench quality [--json] [--data FOLDER[,FOLDER…]] [--model minilm-l6-v2[,static-en]] [--no-derived] [--no-record]

import { parseArgs } from 'node:util'
import { measureSet, type Scores } from './lib/quality/measure.js'
import { derivedSets, readFolder } from './lib/quality/sets.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'

/** The model whose quality is promised; of the others, the same is a goal. */
const PROMISED = 'minilm-l6-v2'
/** What hybrid search may lose against the better leg. */
const TOLERANCE = 0.01
/** nDCG@10 that hybrid search with this model must reach on a collection of this name. */
const FLOORS: ReadonlyMap<string, number> = new Map([['cranfield', 0.56]])

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      ...COMMON_OPTIONS,
      data: { type: 'string', default: '' },
      model: { type: 'string', default: `${PROMISED},static-en` },
      derived: { type: 'boolean', default: true },
    },
  })
  const folders = values.data.split(',').filter((folder) => folder !== '')
  const sets = [...folders.map(readFolder), ...(values.derived ? derivedSets() : [])]
  const scores: Scores[] = []
  for (const model of values.model.split(',')) {
    for (const set of sets) {
      say(`${set.name} with ${model}: ${set.documents.length} documents, ${set.queries.length} queries`)
      scores.push(await measureSet(set, model))
    }
  }
  if (!values.json) for (const line of table(scores)) console.log(line)
  const skipped = folders.length === 0 ? ['judged collections: name their folders with --data'] : []
  finish({ bench: 'quality', options: { data: sets.map(({ name }) => name), model: values.model }, figures: { ndcg10: scores }, checks: scores.flatMap(checks), skipped }, values)
}

function checks({ set, model, bm25, vectors, hybrid }: Scores): Check[] {
  const floor = model === PROMISED ? FLOORS.get(set) : undefined
  return [
    { name: `${set}, ${model}: hybrid over the better leg`, value: hybrid - Math.max(bm25, vectors), unit: 'nDCG@10', direction: 'at least', [model === PROMISED ? 'must' : 'goal']: -TOLERANCE },
    ...(floor === undefined ? [] : [{ name: `${set}, ${model}: hybrid`, value: hybrid, unit: 'nDCG@10', direction: 'at least' as const, must: floor }]),
  ]
}

function* table(scores: readonly Scores[]): Generator<string> {
  const width = Math.max(...scores.map(({ set }) => set.length))
  yield `${'nDCG@10'.padEnd(width)}  ${'model'.padEnd(12)}   BM25  vectors  hybrid    RRF`
  for (const { set, model, bm25, vectors, hybrid, rrf } of scores) {
    yield `${set.padEnd(width)}  ${model.padEnd(12)}  ${bm25.toFixed(3)}    ${vectors.toFixed(3)}   ${hybrid.toFixed(3)}  ${rrf.toFixed(3)}`
  }
}
