// A folder of Markdown becomes a collection that is asked in plain language.
//
//   node examples/notes/run.mjs [--data DIR] [QUESTION]
//
// Running it again embeds only what was edited.

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { open } from 'canopy-engine'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: 'string', default: '.canopy/examples' } } })
const question = positionals.join(' ') || 'how warm should the water be?'

const db = await open(values.data)
try {
  const notes = await db.ensure('notes')
  const { read, inserted, replaced } = await notes.import(fileURLToPath(new URL('notes', import.meta.url)))
  console.log(`${read} files read: ${inserted} new, ${replaced} already known`)

  const { hits } = await notes.search({ text: question, limit: 2, highlight: { fragments: 1, length: 80 } })
  for (const { id, score, scores, highlights } of hits) {
    console.log(`${score.toFixed(3)}  ${id}  (words ${scores.keyword?.toFixed(2) ?? '-'}, meaning ${scores.vector?.toFixed(2) ?? '-'})`)
    for (const { text } of highlights ?? []) console.log(`       … ${text.replaceAll('\n', ' ')} …`)
  }
  const like = await notes.similar(hits[0].id, { limit: 1 })
  console.log(`most like ${hits[0].id}: ${like.hits[0].id}`)
} finally {
  await db.close()
}
