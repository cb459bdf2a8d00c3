import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Type } from 'typebox'
import { CanopyError } from '../../engine/error.js'
import type { App, Context } from '../app.js'
import { HttpError } from '../errors.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'
import { query } from '../schemas/query.js'
import { WRITE_ERRORS } from './records.js'

/** Formats by the media type of the body. */
const FORMATS: Readonly<Record<string, 'jsonl' | 'csv'>> = { 'application/x-ndjson': 'jsonl', 'application/jsonl': 'jsonl', 'text/csv': 'csv' }
/** Folder beside the data that holds what is being received; the disk is the back-pressure. */
export const INCOMING = 'incoming'

const Options = query({
  textField: Type.Optional(Type.String({ minLength: 1, maxLength: 256, default: 'text' })),
  idField: Type.Optional(Type.String({ minLength: 1, maxLength: 256, default: 'id' })),
  onError: Type.Optional(Type.Union([Type.Literal('stop'), Type.Literal('skip')], { default: 'stop', description: 'What to do with a line that can’t be read' })),
})

/**
 * Imports a stream of JSON lines or CSV. It is received into a file first and then read by the importer of the core:
 * the same checks, limits and line numbers as for a file, and memory doesn't grow with the stream.
 */
export default async function importing(app: App, { db, config }: Context): Promise<void> {
  const incoming = path.join(db.dir, INCOMING)
  // Left by a process that was killed while it received.
  if (!config.data.readOnly) await rm(incoming, { recursive: true, force: true })
  app.addContentTypeParser(Object.keys(FORMATS), (_request, body, done) => done(null, body))

  app.post(
    '/v1/collections/:name/import',
    {
      schema: {
        tags: ['records'],
        summary: 'Import a stream of JSON lines or CSV; ids that exist are replaced',
        description: 'Records that were committed before an error stay. One JSON object a line, or cells below a header.',
        consumes: Object.keys(FORMATS),
        params: CollectionParams,
        querystring: Options,
        body: Type.Unknown({ description: 'Lines in UTF-8' }),
        response: { 200: Type.Ref('ImportReport'), ...errors([...WRITE_ERRORS, 'IMPORT_SYNTAX', 'IMPORT_ENCODING', 'IMPORT_LINE_TOO_LONG'], { body: true }) },
      },
    },
    async (request, reply) => {
      const format = FORMATS[(request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '']
      if (format === undefined) throw new HttpError('MEDIA_TYPE', `send the lines as one of ${Object.keys(FORMATS).join(', ')}`)
      // Said before gigabytes were received.
      if (config.data.readOnly) throw new CanopyError('STORE_READ_ONLY', 'read_only', "the store was opened read-only and can't import: open it for writing")
      const collection = await db.collection(request.params.name)
      const signal = reply.abandoned()
      return received(path.join(incoming, `${request.id}.${format}`), request.body as Readable, config.server.importLimit, signal, (file) => collection.import(file, { ...request.query, format, resume: false, signal }))
    },
  )
}

/** Receives a stream into a file that is gone after the work with it. */
export async function received<T>(file: string, body: Readable, limit: number, signal: AbortSignal, work: (file: string) => Promise<T>): Promise<T> {
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await pipeline(body, limited(limit), createWriteStream(file), { signal })
    return await work(file)
  } finally {
    await rm(file, { force: true })
  }
}

/**
 * Passes bytes on until there are more than `limit`. As much again is read and dropped then: a client that is still
 * sending when the connection is cut never reads why.
 */
function limited(limit: number): Transform {
  let received = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      if (received > limit * 2) done(tooLong(limit))
      else if (received > limit) done()
      else done(null, chunk)
    },
    flush: (done) => done(received > limit ? tooLong(limit) : null),
  })
}

function tooLong(limit: number): HttpError {
  return new HttpError('BODY_TOO_LARGE', `the stream is longer than ${limit} bytes; send it in parts or raise server.importLimit`)
}
