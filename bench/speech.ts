// canopy bench speech: real recordings written down by Whisper's tiny.en: how many words are wrong, how long it takes, what silence costs.
//
//   canopy bench speech [--folder DIR] [--runs 3] [--json] [--no-record]
//
// Weights and recordings are what `npm run services -- up whisper` makes, or lie in --folder.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Transcriber, type Transcript } from 'canopy-engine'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { service } from './lib/service.js'
import { SPOKEN, wav, wordErrorRate } from './lib/speech/spoken.js'
import { round } from './lib/time.js'

const MODEL = 'ggml-tiny.en.bin'
const SILENCE_SECONDS = 600

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, folder: { type: 'string' }, runs: { type: 'string', default: '3' } } })
  const folder = values.folder ?? (await service('whisper')).url
  const transcriber = new Transcriber(path.join(folder, MODEL))
  const checks: Check[] = []
  const figures: Record<string, unknown> = {}
  try {
    await transcriber.load()
    for (const [name, said] of Object.entries(SPOKEN)) {
      say(name)
      const best = await fastest(transcriber, await readFile(path.join(folder, name)), Number(values.runs))
      const onCard = best.device === 'gpu'
      checks.push(
        { name: `${name}: words that are wrong`, value: wordErrorRate(said, best.text), unit: 'of all', direction: 'at most', goal: 0.1, must: 0.1 },
        { name: `${name}: processing time over audio time, ${best.device}`, value: best.xrt, unit: '', direction: 'at most', goal: onCard ? 0.05 : 0.25, must: onCard ? 0.5 : 2 },
      )
      figures[name] = { seconds: best.duration, voiced: round(best.voiced), took: round(best.seconds), device: best.device, text: best.text }
    }
    say(`${SILENCE_SECONDS} s of silence`)
    const silence = await fastest(transcriber, wav(new Int16Array(16_000 * SILENCE_SECONDS)), 1)
    checks.push({ name: 'silence: processing time over audio time', value: silence.xrt, unit: '', direction: 'at most', goal: 0.01, must: 0.05 }, { name: 'silence: words that were made up', value: silence.text.length, unit: '', direction: 'at most', must: 0 })
  } finally {
    await transcriber.close()
  }
  finish({ bench: 'speech', options: { runs: Number(values.runs), model: MODEL }, figures, checks, skipped: [] }, values)
}

/** The run that took least. */
async function fastest(transcriber: Transcriber, recording: Uint8Array, runs: number): Promise<Transcript> {
  let best = await transcriber.transcribe(recording)
  for (let i = 1; i < runs; i += 1) {
    const next = await transcriber.transcribe(recording)
    if (next.seconds < best.seconds) best = next
  }
  return best
}
