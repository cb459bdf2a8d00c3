import { readdirSync } from 'node:fs'
import path from 'node:path'
import { CanopyError } from '../engine/error.js'
import native from '../engine/native.cjs'
import type { Config } from '../config/schema.js'

const PATTERN = /^ggml-.*\.bin$/

/** The speech weights that the configuration names, or the first `ggml-*.bin` in the folder of models. Throws SPEECH_MODEL_MISSING. */
export function speechWeights({ speech, models }: Pick<Config, 'speech' | 'models'>): string {
  if (speech.model !== '') return speech.model
  const folder = models.dir === '' ? path.join(native.packageRoot(), 'models') : models.dir
  const [found] = listed(folder)
  if (found !== undefined) return path.join(folder, found)
  throw new CanopyError('SPEECH_MODEL_MISSING', 'unavailable', `there are no speech weights: set speech.model to a Whisper model in ggml format, or put one (ggml-*.bin) into ${folder}; docs/speech.md says where to get it`)
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => PATTERN.test(name)).toSorted()
  } catch {
    return []
  }
}
