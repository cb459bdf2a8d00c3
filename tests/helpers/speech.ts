import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Answer, Served } from './server.js'
import { at } from './services.js'

/** The weights that tests transcribe with. */
export const weights = (): string => path.join(at('whisper'), 'ggml-tiny.en.bin')

/** A recording of real speech. */
export const recording = (name: 'beckett.wav' | 'two_cities.wav'): string => path.join(at('whisper'), name)

export { SPOKEN, wordErrorRate } from '../../bench/lib/speech/spoken.js'

/** Sends a form to the server's route for recordings, until the model is loaded. */
export async function transcription(t: ExecutionContext, server: Served, fields: Record<string, string>, file?: Uint8Array | null, headers: Record<string, string> = {}): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    if (file !== null) form.append('file', new Blob([new Uint8Array(file ?? (await readFile(recording('beckett.wav'))))]), 'beckett.wav')
    const response = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form, headers })
    const text = await response.text()
    const json = (text.startsWith('{') ? JSON.parse(text) : {}) as Answer['json']
    if (json.code !== 'MODEL_LOADING' || tries > 600) return { status: response.status, headers: response.headers, text, json }
    t.is(response.headers.get('retry-after'), '1')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
