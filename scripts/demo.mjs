// What `npm start` shows: a real collection, three questions, and a server.

import { loadConfig } from '../dist/config/load.js'
import { startServer } from '../dist/server/start.js'
import { openConfigured } from '../dist/server/database.js'
import { at } from './lib/paths.mjs'
import { step, style } from './lib/say.mjs'
import { COLLECTION, COUNT, FOLDER, wordnet } from './sample.mjs'

const MODEL = 'static-en'
const QUESTIONS = ['a machine that washes plates', 'a frozen sweet dessert', 'fear of being shut in a small room']

/** Loads the sample if it isn't there, answers the questions, serves unless `once`. */
export async function demo({ once, port, host }) {
  const { config } = loadConfig({ flags: { 'data.dir': process.env.CANOPY_DATA_DIR ?? FOLDER, 'server.port': port, 'server.host': host } })
  const db = await openConfigured(config)
  try {
    const collection = await sample(db)
    for (const question of QUESTIONS) await answer(collection, question)
    if (!once) return await serve(db, config)
  } catch (error) {
    await db.close()
    throw error
  }
  await db.close()
}

async function sample(db) {
  const collection = await db.ensure(COLLECTION)
  // A sample that was made while the weights were missing gets its vectors now.
  const known = await db.models()
  if ((await collection.info()).vectors === null && known.length > 0) await step('embedding the sample', () => collection.rebuild({ model: MODEL }))
  const { count, vectors } = await collection.info()
  if (count < COUNT) await step(`loading ${COUNT.toLocaleString('en')} glosses of WordNet 3.1`, () => collection.upsert(wordnet()))
  console.log(style.dim(`${COUNT.toLocaleString('en')} records in ${shortened(db.dir)}, embedded by ${vectors?.model?.name ?? 'nothing: keywords only'}`))
  return collection
}

const shortened = (dir) => dir.replace(`${at()}/`, '')

async function answer(collection, question) {
  const { hits, tookMs, mode, notes } = await collection.search({ text: question, limit: 3, highlight: { length: 120, fragments: 1 } })
  console.log(`\n${style.bold(`? ${question}`)}  ${style.dim(`${tookMs.toFixed(1)} ms, ${mode}`)}`)
  hits.forEach(({ text, score, scores }, index) => {
    const parts = Object.entries(scores ?? {}).map(([leg, value]) => `${leg} ${value.toFixed(2)}`)
    console.log(`  ${index + 1}. ${text}  ${style.dim(`${score.toFixed(3)} (${parts.join(', ')})`)}`)
  })
  notes.forEach((note) => console.log(`  ${style.yellow(note)}`))
}

async function serve(db, config) {
  const { url } = await startServer({ ...config, log: { level: process.env.CANOPY_LOG_LEVEL ?? 'warn' } }, { db })
  console.log(`\n${style.green('●')} ${style.bold(url)}  search page · ${url}/docs/ API · Ctrl-C stops`)
}
