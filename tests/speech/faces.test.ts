import test from 'ava'
import { canopy } from '../helpers/cli.js'
import { serve } from '../helpers/server.js'
import { using } from '../helpers/services.js'
import { SPOKEN, recording, transcription, weights, wordErrorRate } from '../helpers/speech.js'
import { folder } from '../helpers/temp.js'

const spoken = using('whisper')
const KEYS = { 'auth.keys': ['a-key-that-may-write'], 'auth.readOnlyKeys': ['a-key-that-may-read'] }

spoken('POST /v1/audio/transcriptions answers as OpenAI’s API does, stores, and counts', async (t) => {
  const server = await serve(t, { 'speech.model': weights() })
  const json = await transcription(t, server, { language: 'en', model: 'whisper-1' })
  t.is(json.status, 200, json.text)
  t.true(wordErrorRate(SPOKEN['beckett.wav'], String(json.json['text'])) <= 0.1, json.text)
  t.is((await transcription(t, server, { collection: 'talks' })).json.code, 'COLLECTION_NOT_FOUND')
  t.is((await server.call('POST', '/v1/collections', { name: 'talks' })).status, 201)
  const vtt = await transcription(t, server, { response_format: 'vtt', collection: 'talks', source: 'https://radio.example/b.wav' })
  t.is(vtt.headers.get('content-type'), 'text/vtt; charset=utf-8')
  t.regex(vtt.text, /^WEBVTT\n\n00:00:0\d\.\d{3} --> /)
  const verbose = await transcription(t, server, { response_format: 'verbose_json', 'timestamp_granularities[]': 'word' })
  t.true((verbose.json['words'] as unknown[]).length > 8)
  t.is(verbose.json['segments'], undefined)
  const found = await server.call('POST', '/v1/collections/talks/search', { text: 'fail better' })
  const [hit] = found.json['hits'] as Array<{ metadata: Record<string, unknown>; id: string }>
  t.is(hit?.metadata['source'], 'https://radio.example/b.wav', found.text)
  t.true(Number(hit?.metadata['end']) > Number(hit?.metadata['start']))
  const metrics = await server.call('GET', '/metrics')
  t.regex(metrics.text, /^whisper_xrt\{device="cpu"\} 0?\.?\d/m)
  t.regex(metrics.text, /^whisper_xrt_ratio_count\{device="cpu"\} 3$/m)
  t.regex(metrics.text, /^whisper_fallback_total 0$/m)
})

spoken('wrong forms are refused, one by one', async (t) => {
  const server = await serve(t, { 'speech.model': weights(), 'speech.maxBytes': 400_000, ...KEYS })
  const read = { authorization: 'Bearer a-key-that-may-read' }
  const code = async (fields: Record<string, string>, file?: Uint8Array | null, headers = read): Promise<string | undefined> => (await transcription(t, server, fields, file, headers)).json.code
  t.is(await code({}, undefined, { authorization: '' }), 'AUTH_REQUIRED')
  t.is(await code({ collection: 'talks' }), 'AUTH_READ_ONLY')
  t.is(await code({}, null), 'REQUEST_INVALID')
  t.is(await code({ response_format: 'docx' }), 'REQUEST_INVALID')
  t.is(await code({ temperature: 'hot' }), 'REQUEST_INVALID')
  t.is(await code({ 'timestamp_granularities[]': 'letter' }), 'REQUEST_INVALID')
  t.is(await code({ surprise: '1' }), 'REQUEST_INVALID')
  t.is(await code({ language: 'de' }), 'SPEECH_LANGUAGE')
  t.is(await code({}, new Uint8Array([1, 2, 3])), 'AUDIO_UNSUPPORTED')
  t.is(await code({}, new Uint8Array(0)), 'AUDIO_EMPTY')
  t.is(await code({}, new Uint8Array(500_000)), 'BODY_TOO_LARGE')
  t.is((await server.call('POST', '/v1/audio/transcriptions', { file: 'x' }, read)).json.code, 'MEDIA_TYPE')
})

test('a server without weights says how to get them', async (t) => {
  const server = await serve(t, { 'models.dir': await folder(t) })
  const answer = await transcription(t, server, {}, new Uint8Array([1]))
  t.deepEqual([answer.status, answer.json.code], [503, 'SPEECH_MODEL_MISSING'])
  t.regex(answer.json.message ?? '', /speech\.model/)
})

spoken('canopy transcribe writes text, SRT and JSON, and adds to a collection', async (t) => {
  const cwd = await folder(t)
  const run = (...args: string[]) => canopy(['transcribe', recording('beckett.wav'), '--model', weights(), ...args], { cwd })
  const text = await run()
  t.is(text.code, 0, text.stderr)
  t.true(wordErrorRate(SPOKEN['beckett.wav'], text.stdout) <= 0.1, text.stdout)
  t.regex((await run('--format', 'srt')).stdout, /^1\n00:00:0\d,\d{3} --> /)
  const added = JSON.parse((await run('--add', 'talks', '--json')).stdout) as { records: number; text: string }
  t.true(added.records >= 1)
  const found = await canopy(['search', 'talks', 'try again', '--json'], { cwd })
  t.true(found.stdout.includes('"start"'), found.stdout)
  t.is((await run(recording('two_cities.wav'), '--source', 'https://radio.example/b.wav')).code, 2, 'one address for two recordings')
  const missing = await canopy(['transcribe', 'nothing.wav', '--model', weights()], { cwd })
  t.deepEqual([missing.code, missing.stderr.includes('AUDIO_UNREADABLE')], [3, true])
  const none = await canopy(['transcribe', recording('beckett.wav'), '--set', `models.dir=${cwd}`], { cwd })
  t.deepEqual([none.code, none.stderr.includes('SPEECH_MODEL_MISSING')], [5, true])
})

/** Posts a form; loading weights answers 503 first, as a client would see. */
