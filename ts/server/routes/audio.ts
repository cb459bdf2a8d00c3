import multipart, { type Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Transcriber, type Transcript } from '../../engine/speech.js'
import { FORMATS, MEDIA_TYPES, formatTranscript, type TranscriptFormat } from '../../speech/formats.js'
import { transcriptRecords } from '../../speech/records.js'
import { speechWeights } from '../../speech/weights.js'
import type { App, Context } from '../app.js'
import { HttpError } from '../errors.js'
import { errors } from '../schemas/errors.js'
import { WRITE_ERRORS } from './records.js'

const SPEECH_ERRORS = ['SPEECH_MODEL_MISSING', 'SPEECH_MODEL_CORRUPT', 'SPEECH_PROCESSOR', 'MODEL_LOADING', 'AUDIO_UNSUPPORTED', 'AUDIO_DAMAGED', 'AUDIO_EMPTY', 'AUDIO_TOO_LONG', 'SPEECH_LANGUAGE', 'SPEECH_OPTION']
const LONGEST_FIELD = 10_000

const Form = Type.Object({
  file: Type.Unsafe({ type: 'string', format: 'binary', description: 'The recording: wav, mp3, flac, ogg or webm (Opus or Vorbis), m4a or aiff' }),
  model: Type.Optional(Type.String({ description: 'Taken and ignored: the server has one model' })),
  language: Type.Optional(Type.String({ description: 'Code such as en; found out where it is left out' })),
  prompt: Type.Optional(Type.String({ description: 'Names and words to expect' })),
  response_format: Type.Optional(Type.Union(FORMATS.map((format) => Type.Literal(format)), { default: 'json' })),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 1, default: 0 })),
  'timestamp_granularities[]': Type.Optional(Type.Union([Type.Literal('word'), Type.Literal('segment')], { description: 'Times in verbose_json; may be given twice' })),
  collection: Type.Optional(Type.String({ description: 'Also store it in this collection, with time codes' })),
  source: Type.Optional(Type.String({ description: 'What its records are called by: an address that leads to the recording, say; default the file’s name' })),
})

/** What a form asked for. */
interface Asked {
  file: Buffer
  name: string
  fields: Map<string, string[]>
}

/** Speech to text, as OpenAI's API has it. */
export default async function audio(app: App, { db, config, metrics }: Context): Promise<void> {
  await app.register(multipart, { limits: { fileSize: config.speech.maxBytes, files: 1, fields: 16, fieldSize: LONGEST_FIELD, parts: 17 } })
  let transcriber: Transcriber | undefined
  app.addHook('onClose', async () => transcriber?.close())

  app.post(
    '/v1/audio/transcriptions',
    {
      bodyLimit: config.speech.maxBytes,
      // The form is read part by part below; fastify sees no body to validate.
      validatorCompiler: () => () => true,
      config: { access: 'read' },
      schema: {
        tags: ['speech'],
        summary: 'Write a recording down',
        description: 'In the manner of OpenAI’s API. Only passages in which somebody speaks are transcribed. 503 with Retry-After while the weights are being loaded.',
        consumes: ['multipart/form-data'],
        body: Form,
        response: { 200: Type.Unknown({ description: 'JSON, text, SRT or WebVTT as response_format says' }), ...errors([...SPEECH_ERRORS, ...WRITE_ERRORS], { body: true }) },
      },
    },
    async (request, reply) => {
      const signal = reply.abandoned()
      const asked = await read(request)
      const { format, granularity, language, prompt, temperature, source, collection: into } = understood(asked.fields)
      const collection = into === undefined ? undefined : await writable(request, () => db.collection(into))
      transcriber ??= new Transcriber(speechWeights(config), { idleMs: config.models.idleMs })
      const transcript = await transcriber.transcribe(asked.file, { language, prompt, temperature, maxSeconds: config.speech.maxSeconds, wait: false, signal })
      metrics.transcribed(transcript)
      await collection?.upsert(transcriptRecords(source ?? asked.name, transcript), { signal })
      return reply.type(MEDIA_TYPES[format]).serializer(String).send(formatTranscript(transcript as Transcript, format, granularity))
    },
  )
}

/** All parts of the form; the recording in memory, where the decoder needs it whole. */
async function read(request: FastifyRequest): Promise<Asked> {
  if (!request.isMultipart()) throw new HttpError('MEDIA_TYPE', 'send the recording as multipart/form-data with a part named "file"')
  const fields = new Map<string, string[]>()
  let file: Buffer | undefined
  let name = 'recording'
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      if (part.fieldname !== 'file') throw new HttpError('REQUEST_INVALID', `the recording goes into the part "file", not "${part.fieldname}"`)
      file = await part.toBuffer()
      name = part.filename === '' ? name : part.filename
    } else fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), text(part)])
  }
  if (file === undefined) throw new HttpError('REQUEST_INVALID', 'the form has no part "file" with a file name: that is the recording')
  return { file, name, fields }
}

function text(part: Multipart): string {
  const value = part.type === 'field' ? part.value : undefined
  if (typeof value !== 'string' || (part.type === 'field' && part.valueTruncated)) throw new HttpError('REQUEST_INVALID', `the part "${part.fieldname}" is no text of at most ${LONGEST_FIELD} bytes`)
  return value
}

/** The fields, checked. */
function understood(fields: Map<string, string[]>) {
  const one = (name: string): string | undefined => {
    const value = fields.get(name)?.at(-1)
    return value === '' ? undefined : value
  }
  const known = new Set([...Object.keys(Form.properties), 'timestamp_granularities'])
  for (const name of fields.keys()) if (!known.has(name)) throw new HttpError('REQUEST_INVALID', `the part "${name}" isn't known; these are: ${[...known].join(', ')}`)
  const format = one('response_format') ?? 'json'
  if (!isFormat(format)) throw new HttpError('REQUEST_INVALID', `response_format is "${format}"; give one of ${FORMATS.join(', ')}`)
  const temperature = Number(one('temperature') ?? 0)
  if (!(temperature >= 0 && temperature <= 1)) throw new HttpError('REQUEST_INVALID', `temperature is "${String(one('temperature'))}"; give 0 to 1`)
  const times = [...(fields.get('timestamp_granularities[]') ?? []), ...(fields.get('timestamp_granularities') ?? [])]
  const strange = times.find((time) => time !== 'word' && time !== 'segment')
  if (strange !== undefined) throw new HttpError('REQUEST_INVALID', `timestamp_granularities[] is "${strange}"; give word or segment`)
  const granularity = { words: times.includes('word'), segments: times.length === 0 || times.includes('segment') }
  return { format, granularity, temperature, language: one('language'), prompt: one('prompt'), source: one('source'), collection: one('collection') }
}

function isFormat(value: string): value is TranscriptFormat {
  return (FORMATS as readonly string[]).includes(value)
}

/** A key that may only read transcribes, but stores nothing. */
async function writable<T>(request: FastifyRequest, open: () => Promise<T>): Promise<T> {
  if (request.readOnly) throw new HttpError('AUTH_READ_ONLY', 'this key may only read: leave out "collection", or use a key that may write')
  return open()
}
