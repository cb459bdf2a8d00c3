import { Type, type TSchema } from 'typebox'
import { coreErrors, httpErrors, statusOfKind } from '../errors.js'

/** The body of every error. */
export const ErrorSchema = Type.Object(
  {
    code: Type.String({ description: 'Stable name of the error, for programs' }),
    message: Type.String({ description: 'What was wrong, what was received, what to do; for people' }),
    statusCode: Type.Integer(),
    requestId: Type.String({ description: 'The same as in the log' }),
  },
  { $id: 'Error', description: 'What every failed request is answered with' },
)

/** What any route may answer with, whatever it does. */
const ALWAYS = ['REQUEST_INVALID', 'AUTH_REQUIRED', 'AUTH_PRIVATE_ONLY', 'HOST_REFUSED', 'REQUEST_TIMEOUT', 'URI_TOO_LONG', 'RATE_LIMITED', 'HEADERS_TOO_LARGE', 'CANCELLED', 'INTERNAL', 'OVERLOADED', 'STOPPING', 'POSTGRES_UNREACHABLE', 'POSTGRES_TIMEOUT', 'POSTGRES_BUSY']
/** What any route with a body may answer with. */
const WITH_BODY = ['JSON_INVALID', 'ENCODING_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE', 'AUTH_READ_ONLY']

function statusOf(code: string): number {
  const http = httpErrors as Readonly<Record<string, number>>
  const kind = coreErrors[code]
  return http[code] ?? (kind === undefined ? statusOfKind.cancelled : statusOfKind[kind])
}

/** The error responses of a route: those it names, besides those that every route has. */
export function errors(codes: readonly string[], { body = false }: { body?: boolean } = {}): Record<number, TSchema> {
  const byStatus = new Map<number, string[]>()
  for (const code of [...ALWAYS, ...(body ? WITH_BODY : []), ...codes]) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, describe(names)]))
}

function describe(codes: string[]): TSchema {
  return Type.Unsafe({ ...Type.Ref('Error'), description: codes.join(', ') })
}
