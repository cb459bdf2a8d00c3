import { CanopyError, type Kind } from '../../engine/error.js'

/** Beginnings of the server's and the driver's codes as our code, its kind, and what to do. */
const CODES: ReadonlyArray<[begins: string, code: string, kind: Kind, advice: string]> = [
  ['Neo.ClientError.Security.Forbidden', 'NEO4J_PERMISSION', 'permission', 'grant the user the right to read and write this database and its schema'],
  ['Neo.ClientError.Security', 'NEO4J_AUTH', 'permission', 'check user and password in the address'],
  ['Neo.ClientError.Database.DatabaseNotFound', 'NEO4J_DATABASE', 'not_found', 'create the database, or correct its name in the address'],
  ['Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists', 'NEO4J_EXISTS', 'conflict', 'somebody else just made it'],
  ['Neo.ClientError.Schema.ConstraintValidationFailed', 'NEO4J_CONSTRAINT', 'conflict', 'change what is written, or remove what stands against it'],
  ['Neo.ClientError.Transaction.LockClientStopped', 'NEO4J_TIMEOUT', 'unavailable', 'another transaction holds what this one waits for: try again, or raise the timeout'],
  ['Neo.ClientError.Transaction.TransactionTimedOut', 'NEO4J_TIMEOUT', 'unavailable', 'ask for less at once, or raise the timeout'],
  ['Neo.TransientError.General.MemoryPoolOutOfMemoryError', 'NEO4J_BUSY', 'unavailable', 'the transaction needs more memory than the server gives: send less at once'],
  ['Neo.TransientError.General.OutOfMemoryError', 'NEO4J_BUSY', 'unavailable', 'the server has no memory left: try again'],
  ['Neo.ClientError.General.ForbiddenOnReadOnlyDatabase', 'STORE_READ_ONLY', 'read_only', 'write to another server, or lift the restriction'],
  ['Neo.ClientError.Cluster.NotALeader', 'NEO4J_UNREACHABLE', 'unavailable', 'the address is that of a follower: use neo4j:// instead of bolt://'],
  ['Neo.TransientError.General.DatabaseUnavailable', 'NEO4J_UNREACHABLE', 'unavailable', 'the database is starting or stopping: try again'],
  ['Neo.TransientError', 'NEO4J_BUSY', 'unavailable', 'try again'],
  ['ServiceUnavailable', 'NEO4J_UNREACHABLE', 'unavailable', 'check the address, and that the server runs'],
  ['SessionExpired', 'NEO4J_UNREACHABLE', 'unavailable', 'try again when the server answers'],
  ['ProtocolError', 'NEO4J_PROTOCOL', 'invalid_input', 'that is no Bolt port of a Neo4j server: check the port in the address'],
]
/** What the driver says in words only. */
const LOST = /connection (acquisition timed out|was closed|is closed)|failed to connect|pool is closed|socket|ECONN|EPIPE|handshake/i
const FOREIGN = /server responded HTTP|unknown Bolt protocol version|does not support any of the protocol versions/i

/** An error of the driver as ours; one of ours stays what it is. */
export function neo4jError(error: unknown, where: string): CanopyError {
  if (error instanceof CanopyError) return error
  const { code = '', message = String(error) } = error as Error & { code?: string }
  const said = (name: string, kind: Kind, advice: string): CanopyError => new CanopyError(name, kind, `Neo4j at ${where}: ${message.replace(/\s+/g, ' ').trim().replace(/\.$/, '')}; ${advice}`, { cause: error })
  if (FOREIGN.test(message)) return said('NEO4J_PROTOCOL', 'invalid_input', 'that is no Bolt port of a Neo4j server of our time: check the port in the address')
  const known = CODES.find(([begins]) => code.startsWith(begins))
  if (known !== undefined) return said(known[1], known[2], known[3])
  if (LOST.test(message)) return said('NEO4J_UNREACHABLE', 'unavailable', 'check the address, and that the server runs')
  return new CanopyError('NEO4J_FAILED', 'internal', `Neo4j at ${where} refused: ${message}${code === '' ? '' : ` (${code})`}`, { cause: error })
}
