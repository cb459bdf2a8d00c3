// Recordings become records that a question finds, with the second at which it was said.
//
//   node examples/voice-notes/run.mjs --weights ggml-tiny.en.bin [--data DIR] [--ask QUESTION] RECORDING…
//
// In a clone, `npm run services -- up whisper` makes weights and fetches two recordings.

import path from 'node:path'
import { parseArgs } from 'node:util'
import { Transcriber, open, transcriptRecords } from 'canopy-engine'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { weights: { type: 'string' }, data: { type: 'string', default: '.canopy/examples' }, ask: { type: 'string', default: 'what shall I do after a failure?' } } })
const transcriber = new Transcriber(values.weights)
const db = await open(values.data)
try {
  const talks = await db.ensure('talks')
  for (const file of positionals) {
    const transcript = await transcriber.transcribe(file)
    console.log(`${path.basename(file)}: ${transcript.duration.toFixed(1)} s, written down in ${transcript.seconds.toFixed(1)} s on the ${transcript.device}`)
    await talks.upsert(transcriptRecords(file, transcript))
  }
  const { hits } = await talks.search({ text: values.ask, limit: 1 })
  for (const { text, metadata } of hits) console.log(`${metadata.source} at ${metadata.start} s: ${text}`)
} finally {
  await db.close()
  await transcriber.close()
}
