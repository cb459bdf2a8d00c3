import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { CanopyError, toCanopyError } from '../../engine/error.js'
import { HttpError, frameworkCodes, httpErrors, statusOfKind, type HttpCode } from '../errors.js'

/** What every failed request is answered with. */
export interface ErrorBody {
  code: string
  message: string
  statusCode: number
  requestId: string
}

const SECONDS_TO_RETRY = '1'

/** Turns every error into `{ code, message, statusCode, requestId }`. */
export default fp(async (app: FastifyInstance) => {
  app.setErrorHandler((error: FastifyError, request, reply) => answer(error, request, reply))
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?', 1)[0]}; /openapi.json lists every route`
    return answer(new HttpError('ROUTE_NOT_FOUND', message), request, reply)
  })
})

/** Sends an error. */
export function answer(error: FastifyError | HttpError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = errorBody(error, request.id)
  if (body.statusCode >= 500 && body.statusCode !== 503) request.log.error({ err: error }, body.code)
  else request.log.info({ code: body.code }, body.message)
  const wait = error instanceof CanopyError ? error.retryAfterMs : undefined
  if (wait !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(wait / 1000))))
  // 429 and 503 say when to come again; the limiter has already said it better.
  if (body.statusCode === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', SECONDS_TO_RETRY)
  return reply.code(body.statusCode).send(body)
}

/** The body for any error that was thrown on the way. */
function errorBody(error: FastifyError | HttpError, requestId: string): ErrorBody {
  if (error instanceof HttpError) return { code: error.code, message: error.message, statusCode: error.statusCode, requestId }
  const framework = frameworkCodes[error.code]
  if (framework !== undefined) return { code: framework, message: sentence(error), statusCode: httpErrors[framework], requestId }
  // A client that hangs up while it sends has its body end like this.
  if (error.name === 'AbortError' || error.code === 'ECONNRESET') return { code: 'CANCELLED', message: 'the client went away', statusCode: statusOfKind.cancelled, requestId }
  const known = toCanopyError(error)
  const statusCode = statusOfKind[known.kind] ?? 500
  const message = known.code === 'INTERNAL' ? `something went wrong on our side; the server's log names it by the request id ${requestId}` : known.message
  return { code: known.code, message, statusCode, requestId }
}

/** What Node refuses before there is a request: the same body, written by hand. */
export function clientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, message] = refusals[error.code ?? ''] ?? (['REQUEST_INVALID', 'this is no HTTP request that can be read'] as const)
  const statusCode = httpErrors[code]
  const body = JSON.stringify({ code, message, statusCode, requestId: crypto.randomUUID() } satisfies ErrorBody)
  socket.end(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

const refusals: Readonly<Record<string, readonly [HttpCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'the request did not arrive in time; send it again'],
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'the headers are longer than 16 KiB; send fewer or shorter ones'],
}

/** Fastify's message, with the place of a validation error named as a user would. */
function sentence(error: FastifyError): string {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return 'the body is too large; send less at once, import a stream of lines, or raise server.bodyLimit'
  const [first] = error.validation ?? []
  if (first === undefined) return error.message
  const place = `${error.validationContext ?? 'request'}${first.instancePath.replaceAll('/', '.')}`
  const choices = (error.validation ?? []).filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === first.instancePath).map(({ params }) => String(params['allowedValue']))
  if (choices.length > 0) return `${place} must be one of ${choices.join(', ')}`
  const extra = first.params['additionalProperty'] ?? first.params['allowedValues']
  return `${place} ${first.message ?? 'is wrong'}${extra === undefined ? '' : `: ${String(extra)}`}`
}
