import { CanopyError, type Kind } from '../../engine/error.js'

/** What the driver throws: a SQLSTATE, or a code of the operating system. */
interface Failure extends Error {
  code?: string
  severity?: string
}

/** SQLSTATE, or its class, as our code, its kind, and what to do. */
const STATES: ReadonlyArray<[state: string, code: string, kind: Kind, advice: string]> = [
  ['28', 'POSTGRES_AUTH', 'permission', 'check user and password in the address'],
  ['3D', 'POSTGRES_DATABASE', 'not_found', 'create the database, or correct its name in the address'],
  ['57014', 'POSTGRES_TIMEOUT', 'unavailable', 'ask for less, build the index, or raise the statement timeout'],
  ['57', 'POSTGRES_UNREACHABLE', 'unavailable', 'the server is stopping or starting: try again'],
  ['08', 'POSTGRES_UNREACHABLE', 'unavailable', 'try again when the server answers'],
  ['53100', 'STORE_FULL', 'no_space', 'this change was not stored, earlier ones are: free space on the disk of the server and send it again'],
  ['53', 'POSTGRES_BUSY', 'unavailable', 'the server has no connection or memory left: try again, or make the pool smaller'],
  ['25006', 'STORE_READ_ONLY', 'read_only', 'the database was opened read-only, or the server is a standby: write through another'],
  ['42501', 'POSTGRES_PERMISSION', 'permission', 'grant the user the rights on the schema'],
]
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'EAI_AGAIN', 'ENOENT'])
/** What the driver says in words only. */
const LOST = /connection terminated|timeout expired|timeout exceeded when trying to connect|server closed the connection|not queryable|Client was closed|Connection ended/i

/** An error of the driver as ours; one of ours stays what it is. */
export function postgresError(error: unknown, where: string): CanopyError {
  if (error instanceof CanopyError) return error
  const { code = '', message = String(error) } = error as Failure
  const known = STATES.find(([state]) => code.startsWith(state))
  if (known !== undefined) return new CanopyError(known[1], known[2], `PostgreSQL at ${where}: ${message}; ${known[3]}`, { cause: error })
  if (NETWORK.has(code) || LOST.test(message)) {
    return new CanopyError('POSTGRES_UNREACHABLE', 'unavailable', `PostgreSQL at ${where} can't be reached: ${reason(error)}; check the address, and that the server runs`, { cause: error })
  }
  return new CanopyError('POSTGRES_FAILED', 'internal', `PostgreSQL at ${where} refused: ${message}${code === '' ? '' : ` (${code})`}`, { cause: error })
}

/** Several addresses of one host fail as one error without words. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join('; ')
  return (error as Error).message
}

/** Two writers met, and the server chose this one to begin again. */
export const isRetryable = (error: unknown): boolean => ['40001', '40P01'].includes((error as Failure | undefined)?.code ?? '')
