import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { Transcriber, formatTranscript } from '../../ts/index.js'
import { wav } from '../../bench/lib/speech/spoken.js'
import { using } from '../helpers/services.js'
import { SPOKEN, recording, weights, wordErrorRate } from '../helpers/speech.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const spoken = using('whisper')

spoken('real speech is written down: at most one word in ten is wrong, and times ascend', async (t) => {
  await withTranscriber(async (transcriber) => {
    for (const name of ['beckett.wav', 'two_cities.wav'] as const) {
      const done: number[] = []
      const transcript = await transcriber.transcribe(recording(name), { onProgress: (now) => done.push(now) })
      const rate = wordErrorRate(SPOKEN[name], transcript.text)
      t.true(rate <= 0.1, `${name}: ${rate} of the words are wrong: ${transcript.text}`)
      t.is(transcript.language, 'en')
      t.is(done.at(-1), 1000)
      const words = transcript.segments.flatMap((segment) => segment.words)
      t.deepEqual(words.map(({ word }) => word).join(' '), transcript.text.replace(/\s+/g, ' '))
      for (const [index, word] of words.entries()) {
        t.true(word.start <= word.end && word.end <= transcript.duration && word.start >= (words[index - 1]?.start ?? 0), JSON.stringify(word))
      }
      t.true(transcript.voiced <= transcript.duration && transcript.xrt > 0)
    }
  })
})

spoken('bytes give what a file gives; silence costs nothing and gives nothing', async (t) => {
  await withTranscriber(async (transcriber) => {
    const bytes = await readFile(recording('beckett.wav'))
    const [fromBytes, fromFile] = [await transcriber.transcribe(bytes), await transcriber.transcribe(recording('beckett.wav'))]
    t.deepEqual(fromBytes.segments, fromFile.segments)
    const silence = await transcriber.transcribe(wav(new Int16Array(16_000 * 60)))
    t.deepEqual([silence.text, silence.segments, silence.voiced, silence.duration], ['', [], 0, 60])
  })
})

spoken('a call is cancelled within a second, and the next one works', async (t) => {
  await withTranscriber(async (transcriber) => {
    await transcriber.load()
    const controller = new AbortController()
    const began = performance.now()
    const call = transcriber.transcribe(recording('two_cities.wav'), { signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    await t.throwsAsync(call, { any: true, name: 'AbortError' })
    t.log(`stopped after ${(performance.now() - began).toFixed(0)} ms`)
    t.true((await transcriber.transcribe(recording('beckett.wav'))).text.length > 10)
  })
})

spoken('weights are unloaded when nobody uses them, and loaded again', async (t) => {
  const transcriber = new Transcriber(weights(), { idleMs: 200 })
  t.teardown(() => transcriber.close())
  t.is((await transcriber.info()).state, 'unloaded')
  await fails(t, 'MODEL_LOADING', () => transcriber.transcribe(recording('beckett.wav'), { wait: false }))
  await transcriber.load()
  t.is((await transcriber.info()).state, 'loaded')
  for (let left = 200; left > 0 && (await transcriber.info()).state === 'loaded'; left -= 1) await new Promise((resolve) => setTimeout(resolve, 50))
  t.deepEqual([(await transcriber.info()).state, (await transcriber.info()).memoryBytes], ['unloaded', 0])
  t.true((await transcriber.transcribe(recording('beckett.wav'))).text.length > 10)
})

spoken('what a model can’t do is said', async (t) => {
  await withTranscriber(async (transcriber) => {
    const file = recording('beckett.wav')
    await fails(t, 'SPEECH_LANGUAGE', () => transcriber.transcribe(file, { language: 'de' }))
    await fails(t, 'SPEECH_LANGUAGE', () => transcriber.transcribe(file, { language: 'klingon\0' }))
    await fails(t, 'SPEECH_LANGUAGE', () => transcriber.transcribe(file, { translate: true }))
    await fails(t, 'SPEECH_OPTION', () => transcriber.transcribe(file, { temperature: 2 }))
    await fails(t, 'SPEECH_OPTION', () => transcriber.transcribe(file, { prompt: 'a\0b' }))
    await fails(t, 'AUDIO_TOO_LONG', () => transcriber.transcribe(file, { maxSeconds: 2 }))
    await fails(t, 'AUDIO_UNSUPPORTED', () => transcriber.transcribe(Buffer.from('no recording at all')))
    await fails(t, 'AUDIO_EMPTY', () => transcriber.transcribe(new Uint8Array()))
    await fails(t, 'AUDIO_EMPTY', () => transcriber.transcribe(wav(new Int16Array())))
    await fails(t, 'AUDIO_UNREADABLE', () => transcriber.transcribe('/nowhere.wav'))
    t.true((await transcriber.transcribe(file, { prompt: 'A novel by Samuel Beckett.', language: 'English' })).text.includes('better'))
  })
})

spoken('damaged weights are refused before the engine sees them', async (t) => {
  const dir = await folder(t)
  const copy = path.join(dir, 'ggml-cut.bin')
  await copyFile(weights(), copy)
  for (const size of [77_000_000, 1_000_000, 100]) {
    await truncate(copy, size)
    await fails(t, 'SPEECH_MODEL_CORRUPT', () => new Transcriber(copy).transcribe(recording('beckett.wav')))
  }
})

test('weights that aren’t there are named', async (t) => {
  const error = await fails(t, 'SPEECH_MODEL_MISSING', () => new Transcriber('/nowhere/ggml.bin').transcribe(new Uint8Array(4)))
  t.true(error?.message.includes('/nowhere/ggml.bin'))
  const dir = await folder(t)
  await writeFile(path.join(dir, 'ggml-x.bin'), 'not weights')
  await fails(t, 'SPEECH_MODEL_CORRUPT', () => new Transcriber(path.join(dir, 'ggml-x.bin')).load())
})

test('transcripts are written as text, SRT, WebVTT and JSON', (t) => {
  const segment = (start: number, end: number, text: string) => ({ start, end, text, noSpeechProbability: 0, meanLogProbability: -0.1, words: [{ word: text, start, end, probability: 0.9 }] })
  const transcript = { text: 'One. <two> & three', language: 'en', duration: 4000, voiced: 3, seconds: 1, xrt: 0.25, device: 'cpu' as const, fallbacks: 0, segments: [segment(0, 1.0004, 'One.'), segment(3661.5, 3662.9996, '<two>\n\n& three')] }
  t.is(formatTranscript(transcript, 'text'), 'One. <two> & three\n')
  t.is(formatTranscript(transcript, 'srt'), '1\n00:00:00,000 --> 00:00:01,000\nOne.\n\n2\n01:01:01,500 --> 01:01:03,000\n<two> & three\n')
  t.is(formatTranscript(transcript, 'vtt'), 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nOne.\n\n01:01:01.500 --> 01:01:03.000\n&lt;two&gt; &amp; three\n')
  t.deepEqual(JSON.parse(formatTranscript(transcript, 'json')), { text: 'One. <two> & three' })
  const verbose = JSON.parse(formatTranscript(transcript, 'verbose_json', { words: false, segments: true })) as Record<string, unknown>
  t.deepEqual([verbose['duration'], (verbose['segments'] as unknown[]).length, verbose['words']], [4000, 2, undefined])
})

async function withTranscriber(work: (transcriber: Transcriber) => Promise<void>): Promise<void> {
  const transcriber = new Transcriber(weights())
  try {
    await work(transcriber)
  } finally {
    await transcriber.close()
  }
}
