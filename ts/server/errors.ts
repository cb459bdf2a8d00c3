import { CanopyError, type Kind } from '../engine/error.js'

/** The one table from the kind of an error to its HTTP status. */
export const statusOfKind: Readonly<Record<Kind, number>> = {
  invalid_input: 400,
  read_only: 403,
  refused: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  limited: 429,
  cancelled: 499,
  internal: 500,
  permission: 500,
  corrupt: 500,
  unavailable: 503,
  no_space: 507,
}

/** Errors of the HTTP layer itself, which no kind of the core describes. */
export const httpErrors = {
  REQUEST_INVALID: 400,
  JSON_INVALID: 400,
  ENCODING_INVALID: 400,
  AUTH_REQUIRED: 401,
  AUTH_READ_ONLY: 403,
  AUTH_PRIVATE_ONLY: 403,
  HOST_REFUSED: 403,
  ROUTE_NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  URI_TOO_LONG: 414,
  MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL: 500,
  OVERLOADED: 503,
  STOPPING: 503,
} as const

/** A code of the HTTP layer. */
export type HttpCode = keyof typeof httpErrors

/** Codes of the core that a route may answer with, by status, for the OpenAPI description. */
export const coreErrors: Readonly<Record<string, Kind>> = {
  COLLECTION_NOT_FOUND: 'not_found',
  COLLECTION_EXISTS: 'conflict',
  COLLECTION_NAME: 'invalid_input',
  RECORD_NOT_FOUND: 'not_found',
  RECORD_EXISTS: 'conflict',
  RECORD_ID: 'invalid_input',
  RECORD_METADATA: 'invalid_input',
  TEXT_EMPTY: 'invalid_input',
  RECORD_TOO_LARGE: 'too_large',
  VECTOR_DIMENSION: 'invalid_input',
  VECTOR_COUNT: 'invalid_input',
  VECTOR_NOT_FINITE: 'invalid_input',
  COLLECTION_NO_VECTORS: 'invalid_input',
  COLLECTION_SPEC: 'invalid_input',
  MODEL_MISMATCH: 'conflict',
  MODEL_MISSING: 'unavailable',
  MODEL_UNKNOWN: 'invalid_input',
  MODEL_LOADING: 'unavailable',
  MODEL_CORRUPT: 'corrupt',
  MODEL_REMOTE_UNAVAILABLE: 'unavailable',
  INDEX_NOT_FOUND: 'not_found',
  INDEX_EXISTS: 'conflict',
  INDEX_NAME: 'invalid_input',
  INDEX_OPTION: 'invalid_input',
  INDEX_NO_LISTS: 'invalid_input',
  INDEX_TOO_LARGE: 'too_large',
  INDEX_CORRUPT: 'corrupt',
  INDEX_MEMORY: 'unavailable',
  INDEX_DISK_FULL: 'no_space',
  VECTOR_ID: 'invalid_input',
  VECTOR_ZERO: 'invalid_input',
  VECTOR_DUPLICATE: 'invalid_input',
  SPEECH_MODEL_MISSING: 'unavailable',
  SPEECH_MODEL_CORRUPT: 'corrupt',
  SPEECH_PROCESSOR: 'unavailable',
  SPEECH_LANGUAGE: 'invalid_input',
  SPEECH_OPTION: 'invalid_input',
  AUDIO_UNSUPPORTED: 'invalid_input',
  AUDIO_DAMAGED: 'invalid_input',
  AUDIO_EMPTY: 'invalid_input',
  AUDIO_TOO_LONG: 'too_large',
  SEARCH_REQUEST: 'invalid_input',
  SEARCH_EMPTY: 'invalid_input',
  FILTER_INVALID: 'invalid_input',
  IMPORT_SYNTAX: 'invalid_input',
  IMPORT_ENCODING: 'invalid_input',
  IMPORT_LINE_TOO_LONG: 'too_large',
  GRAPH_NOT_FOUND: 'not_found',
  GRAPH_EXISTS: 'conflict',
  GRAPH_NAME: 'invalid_input',
  GRAPH_ID: 'invalid_input',
  GRAPH_BATCH: 'invalid_input',
  GRAPH_WEIGHT: 'invalid_input',
  GRAPH_SELF_LOOP: 'invalid_input',
  GRAPH_OPTION: 'invalid_input',
  GRAPH_EMPTY: 'invalid_input',
  GRAPH_SYNTAX: 'invalid_input',
  GRAPH_TOO_LARGE: 'too_large',
  GRAPH_CHANGED: 'conflict',
  GRAPH_DIRECTED: 'conflict',
  GRAPH_FOLLOWS_NOTHING: 'conflict',
  GRAPH_NODE_NOT_FOUND: 'not_found',
  GRAPH_STORE_MISSING: 'unavailable',
  DIAGRAM_POINT: 'invalid_input',
  DIAGRAM_TOO_LARGE: 'too_large',
  LAYER_MISSING: 'not_found',
  NODE2VEC_PQ: 'invalid_input',
  NODE2VEC_TIME_LIMIT: 'invalid_input',
  POINCARE_OPTION: 'invalid_input',
  BALL_CURVATURE: 'invalid_input',
  BALL_MARGIN: 'invalid_input',
  BALL_OPTION: 'invalid_input',
  BALL_OUTSIDE: 'invalid_input',
  MEAN_EMPTY: 'invalid_input',
  MEAN_WEIGHT: 'invalid_input',
  TOPOLOGY_OPTION: 'invalid_input',
  JOB_NOT_FOUND: 'not_found',
  JOBS_FULL: 'unavailable',
  STORE_READ_ONLY: 'read_only',
  STORE_FULL: 'no_space',
  NEO4J_UNREACHABLE: 'unavailable',
  NEO4J_TIMEOUT: 'unavailable',
  NEO4J_BUSY: 'unavailable',
  NEIGHBOURS_NAME: 'invalid_input',
  NEIGHBOURS_NOT_FOUND: 'not_found',
  NEIGHBOURS_METRIC: 'invalid_input',
  NEIGHBOURS_LABELLED: 'conflict',
  NEIGHBOURS_COUNT: 'invalid_input',
  NEIGHBOURS_RADIUS: 'invalid_input',
  POINT_UNKNOWN: 'not_found',
  POINTS_DIMENSION: 'invalid_input',
  POINTS_LENGTH: 'invalid_input',
  POINTS_NOT_FINITE: 'invalid_input',
  POINTS_MAGNITUDE: 'invalid_input',
  POINTS_ZERO: 'invalid_input',
  KERNEL_LENGTHSCALE: 'invalid_input',
  KERNEL_VARIANCE: 'invalid_input',
  KERNEL_NOT_POSITIVE_DEFINITE: 'invalid_input',
  INDUCING_COUNT: 'invalid_input',
  GATE_MISSED: 'conflict',
  INDEX_TRUNCATED: 'corrupt',
  INDEX_NEWER: 'corrupt',
  INDEX_FOREIGN: 'corrupt',
  INDEX_PERMISSION: 'permission',
  POSTGRES_UNREACHABLE: 'unavailable',
  POSTGRES_TIMEOUT: 'unavailable',
  POSTGRES_BUSY: 'unavailable',
  INGEST_OFF: 'not_found',
  INGEST_RECORD: 'invalid_input',
  IDEMPOTENCY_CONFLICT: 'conflict',
  QUEUE_FULL: 'limited',
  BREAKER_OPEN: 'limited',
  TENANT_RATE: 'limited',
  REDIS_AUTH: 'permission',
  REDIS_FULL: 'no_space',
  REDIS_UNREACHABLE: 'unavailable',
  LEDGER_BUSY: 'unavailable',
  LEDGER_FULL: 'no_space',
  TENANT_MISSING: 'invalid_input',
  TENANT_UNKNOWN: 'refused',
  TENANT_KEY: 'refused',
  EPSILON_INVALID: 'invalid_input',
  BUDGET_EXCEEDED: 'refused',
  BUDGET_NONE: 'not_found',
  PRIVACY_MECHANISM: 'invalid_input',
  PRIVACY_BINS: 'invalid_input',
  PRIVACY_BOUNDS: 'invalid_input',
}

/** An error of the HTTP layer. */
export class HttpError extends Error {
  readonly code: HttpCode
  readonly statusCode: number

  constructor(code: HttpCode, message: string) {
    super(message)
    this.code = code
    this.statusCode = httpErrors[code]
  }
}

/** Why an address can't be bound, and what to do. */
export function listenError(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new CanopyError('PORT_IN_USE', 'unavailable', `port ${port} on ${host} is in use: stop the other program, or choose another port with --port or CANOPY_SERVER_PORT (0 takes a free one)`)
    case 'EACCES':
      return new CanopyError('PORT_PERMISSION', 'permission', `port ${port} may not be bound by this user: choose one above 1023 with --port`)
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return new CanopyError('HOST_UNKNOWN', 'invalid_input', `${host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all addresses`)
    default:
      return error
  }
}

/** What fastify and its plugins call errors that we have our own stable names for. */
export const frameworkCodes: Readonly<Record<string, HttpCode>> = {
  FST_ERR_VALIDATION: 'REQUEST_INVALID',
  FST_ERR_CTP_INVALID_JSON_BODY: 'JSON_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'JSON_INVALID',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE',
  FST_ERR_CTP_INVALID_TYPE: 'MEDIA_TYPE',
  FST_REQ_FILE_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_PARTS_LIMIT: 'REQUEST_INVALID',
  FST_FILES_LIMIT: 'REQUEST_INVALID',
  FST_FIELDS_LIMIT: 'REQUEST_INVALID',
  FST_PROTO_VIOLATION: 'REQUEST_INVALID',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'MEDIA_TYPE',
  FST_ERR_BAD_URL: 'REQUEST_INVALID',
  FST_ERR_ASYNC_CONSTRAINT: 'REQUEST_INVALID',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
}
