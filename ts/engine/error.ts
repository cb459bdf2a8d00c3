import type { BindingError } from '#native'

/** Whose fault an error is; the server maps each kind to one HTTP status and the command to one exit code. */
export type Kind =
  | 'invalid_input'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'unavailable'
  | 'read_only'
  | 'refused'
  | 'limited'
  | 'permission'
  | 'no_space'
  | 'corrupt'
  | 'cancelled'
  | 'internal'

const brand = Symbol.for('canopy-engine.error')

/**
 * Every error of this package. `code` is stable and meant for programs; `message` says what was wrong, what was
 * received and what to do, and may change between versions.
 */
export class CanopyError extends Error {
  override readonly name = 'CanopyError'
  /** Stable, SCREAMING_SNAKE_CASE: `STORE_LOCKED`, `VECTOR_DIMENSION`. */
  readonly code: string
  readonly kind: Kind
  /** How many records of the same call were committed before the error; only where a call works in batches. */
  written?: number
  /** When the same call may go well, in milliseconds from now; only where that is known. */
  retryAfterMs?: number
  /** @internal */
  readonly [brand] = true

  constructor(code: string, kind: Kind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.kind = kind
  }

  // The ESM and the CommonJS build each hold a copy of this class; an error of one is an error of the other.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** The value of a native call, or its error thrown: the one place where errors of the core become exceptions. @internal */
export function unwrap<T>(value: T | BindingError): T {
  if (isBindingError(value)) throw new CanopyError(value.code, value.kind as Kind, value.message)
  return value
}

function isBindingError(value: unknown): value is BindingError {
  return typeof value === 'object' && value !== null && 'code' in value && 'kind' in value && 'message' in value
}

/** What the operating system refuses to Node, in the words of the store. */
const systemErrors: Readonly<Record<string, readonly [code: string, kind: Kind, advice: string]>> = {
  ENOSPC: ['STORE_FULL', 'no_space', 'no space is left: what was acknowledged is kept; free space and send this again'],
  EDQUOT: ['STORE_FULL', 'no_space', 'the quota is used up: what was acknowledged is kept; free space and send this again'],
  EACCES: ['STORE_PERMISSION', 'permission', 'no permission: give this user read and write access'],
  EPERM: ['STORE_PERMISSION', 'permission', 'no permission: give this user read and write access'],
  EROFS: ['STORE_PERMISSION', 'permission', 'the file system is read-only: name a folder that can be written'],
}

/** Any thrown value as a `CanopyError`; what isn't one already, nor the operating system's, is a defect of ours. */
export function toCanopyError(error: unknown): CanopyError {
  if (error instanceof CanopyError) return error
  const known = systemErrors[(error as NodeJS.ErrnoException | undefined)?.code ?? '']
  if (known !== undefined) return new CanopyError(known[0], known[1], `${known[2]} (${(error as Error).message})`, { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new CanopyError('INTERNAL', 'internal', message, { cause: error })
}
