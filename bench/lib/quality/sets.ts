// Collections with queries and judgements: from folders, and derived from WordNet so that anyone can measure.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { random } from '../random.js'
import { synsets, toDocument, type Synset } from '../wordnet.js'

/** Documents, queries, and which documents answer which query. */
export interface TestSet {
  name: string
  documents: Array<{ id: string; text: string }>
  queries: Array<{ text: string; relevant: ReadonlySet<string> }>
}

/** A folder with corpus.jsonl {_id, title, text}, queries.jsonl {_id, text} and qrels.tsv (query, document, score); a score above 0 is relevant. */
export function readFolder(folder: string): TestSet {
  const documents = lines(folder, 'corpus.jsonl').map((line) => JSON.parse(line) as { _id: string; title?: string; text: string })
  const queries = lines(folder, 'queries.jsonl').map((line) => JSON.parse(line) as { _id: string; text: string })
  const relevant = new Map<string, Set<string>>()
  for (const line of lines(folder, 'qrels.tsv').slice(1)) {
    const [query = '', document = '', score] = line.split('\t')
    if (Number(score) > 0) relevant.set(query, (relevant.get(query) ?? new Set()).add(document))
  }
  return {
    name: path.basename(folder),
    documents: documents.map(({ _id, title = '', text }) => ({ id: _id, text: `${title} ${text}`.trim() })).filter(({ text }) => text !== ''),
    queries: queries.flatMap(({ _id, text }) => {
      const answers = relevant.get(_id)
      return answers === undefined ? [] : [{ text, relevant: answers }]
    }),
  }
}

function lines(folder: string, file: string): string[] {
  return readFileSync(path.join(folder, file), 'utf8').split('\n').filter((line) => line.trim() !== '')
}

const DOCUMENTS = 4000
const QUERIES = 200

/** Four kinds of queries with one right answer, and one with many; each kind suits another leg. */
export function derivedSets(): TestSet[] {
  const all = synsets(7)
  const some = all.slice(0, DOCUMENTS)
  const definitions = some.map(({ id, definition }) => ({ id, text: definition }))
  const full = some.map(toDocument)
  const picked = (all: readonly Synset[]): Synset[] => all.slice(0, QUERIES)
  const example = (synset: Synset): string => synset.examples.find((text) => text.split(' ').length >= 4) ?? ''
  const withExample = picked(some.filter((synset) => example(synset) !== ''))
  return [
    // A word against its meaning, in which it doesn't occur: only the vectors can know.
    set('wordnet-meaning', definitions, picked(some), ({ lemmas }) => lemmas[0] ?? ''),
    // A word against the entry that holds it: both can.
    set('wordnet-entry', full, picked(some), ({ lemmas }) => lemmas[0] ?? ''),
    // A sentence that uses the word against words and definition: both can a little.
    set('wordnet-usage', some.map(({ id, lemmas, definition }) => ({ id, text: `${lemmas.join(', ')}: ${definition}` })), withExample, example),
    // Three rare words of an entry: keywords find it, meaning helps little.
    set('wordnet-rare', full, picked(some.filter(({ definition }) => definition.length > 60)), rareWords(full)),
    kindsOf(all),
  ]
}

function set(name: string, documents: TestSet['documents'], targets: readonly Synset[], query: (synset: Synset) => string): TestSet {
  return { name, documents, queries: targets.map((synset) => ({ text: query(synset), relevant: new Set([synset.id]) })) }
}

/** The name of a class against the entries of its members: many answers, as in questions for entities. */
function kindsOf(all: readonly Synset[]): TestSet {
  const byId = new Map(all.map((synset) => [synset.id, synset]))
  const classes = all.filter(({ kinds }) => kinds.length >= 5 && kinds.length <= 30).slice(0, QUERIES)
  const members = new Set(classes.flatMap(({ kinds }) => kinds))
  // Members of the classes among as many others, without the classes themselves, whose entries would be the nearest.
  const asked = new Set(classes.map(({ id }) => id))
  const others = all.filter(({ id }) => !members.has(id)).slice(0, DOCUMENTS)
  const documents = [...[...members].flatMap((id) => byId.get(id) ?? []), ...others].filter(({ id }) => !asked.has(id)).map(toDocument)
  const queries = classes.map(({ lemmas, kinds }) => ({ text: `kinds of ${lemmas[0]}`, relevant: new Set(kinds.filter((id) => !asked.has(id))) }))
  return { name: 'wordnet-kinds', documents, queries: queries.filter(({ relevant }) => relevant.size > 0) }
}

/** Three of a text's eight rarest words, in no order. */
function rareWords(documents: ReadonlyArray<{ id: string; text: string }>): (synset: Synset) => string {
  const words = new Map(documents.map(({ id, text }) => [id, [...new Set(text.toLowerCase().match(/[a-z]{3,}/g))]]))
  const frequency = new Map<string, number>()
  for (const list of words.values()) for (const word of list) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const next = random(3)
  return ({ id }) => {
    const rarest = (words.get(id) ?? []).toSorted((a, b) => (frequency.get(a) ?? 0) - (frequency.get(b) ?? 0)).slice(0, 8)
    return rarest.map((word) => ({ word, key: next() })).toSorted((a, b) => a.key - b.key).slice(0, 3).map(({ word }) => word).join(' ')
  }
}

/** Normalised discounted cumulative gain of the first ten, with judgements of 0 and 1. */
export function ndcg10(ids: readonly string[], relevant: ReadonlySet<string>): number {
  const gain = (rank: number): number => 1 / Math.log2(rank + 2)
  const found = ids.slice(0, 10).reduce((sum, id, rank) => sum + (relevant.has(id) ? gain(rank) : 0), 0)
  const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => gain(rank)).reduce((a, b) => a + b, 0)
  return ideal === 0 ? 0 : found / ideal
}
