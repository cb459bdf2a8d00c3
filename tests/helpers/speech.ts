import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Answer, Served } from './server.js'
import { at } from './services.js'

/** The weights that tests transcribe with. */
export const weights = (): string => path.join(at('whisper'), 'ggml-tiny.en.bin')

/** A recording of real speech. */
export const recording = (name: 'beckett.wav' | 'two_cities.wav'): string => path.join(at('whisper'), name)

/** What the recordings say (Dickens, A Tale of Two Cities, 1859; Beckett, Worstward Ho). */
export const SPOKEN = {
  'beckett.wav': 'Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.',
  'two_cities.wav': `It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of belief,
    it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the spring of hope, it was the winter of despair,
    we had everything before us, we had nothing before us, we were all going direct to Heaven, we were all going direct the other way – in short, the
    period was so far like the present period, that some of its noisiest authorities insisted on its being received, for good or for evil, in the
    superlative degree of comparison only.`,
}

/** Word error rate: insertions, deletions and substitutions over the words that were said. */
export function wordErrorRate(said: string, heard: string): number {
  const words = (text: string): string[] => text.toLowerCase().replace(/[^a-z' ]+/g, ' ').split(' ').filter((word) => word !== '')
  const [a, b] = [words(said), words(heard)]
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  a.forEach((word, i) => {
    const next = [i + 1]
    b.forEach((other, j) => next.push(Math.min((row[j] ?? 0) + (word === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1)))
    row = next
  })
  return (row.at(-1) ?? 0) / a.length
}

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
