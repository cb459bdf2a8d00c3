import { CanopyError } from './error.js'

/** A text argument that UTF-8 can hold; `ARGUMENT` for anything else, which callers without types may pass. @internal */
export function textArgument(what: string, value: unknown): string {
  if (typeof value === 'string') return value.toWellFormed()
  throw refused(what, 'a string', value)
}

/** One of a few words; `ARGUMENT` for another. @internal */
export function choice<T extends string>(what: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T
  throw refused(what, `one of ${choices.join(', ')}`, value)
}

/** Row-major numbers; `ARGUMENT` for anything but a Float32Array. @internal */
export function matrixArgument(what: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value
  throw refused(what, 'a Float32Array, row after row', value)
}

/** One vector; `ARGUMENT` for what is no array. @internal */
export function vectorArgument(what: string, value: unknown): Float32Array {
  if (value instanceof Float32Array) return value
  if (Array.isArray(value)) return Float32Array.from(value as number[])
  throw refused(what, 'a Float32Array or an array of numbers', value)
}

function refused(what: string, wanted: string, value: unknown): CanopyError {
  const received = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : value === null ? 'null' : typeof value === 'object' ? value.constructor?.name ?? 'an object' : String(value)
  return new CanopyError('ARGUMENT', 'invalid_input', `${what} must be ${wanted}, not ${received}`)
}
