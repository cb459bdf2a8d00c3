import { CanopyError } from './error.js'

// JSON that crosses the boundary: parsed and written natively off the main thread, so that only small pieces are handled here.

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Reads an answer of the core. */
export function parse<T>(answer: Buffer): T {
  return JSON.parse(answer.toString('utf8')) as T
}

/**
 * JSON in UTF-8 that the core accepts: half a surrogate pair, which UTF-8 can't hold, becomes U+FFFD.
 *
 * Throws `JSON_INVALID` for what JSON can't hold: a bigint, a cycle, thousands of levels.
 */
export function stringify(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'null'
    // JSON.stringify escapes lone surrogates and nothing else as \ud8.. to \udf..; an escaped backslash before "ud" only costs the slow path.
    return text.includes('\\ud') ? JSON.stringify(wellFormed(JSON.parse(text) as Json)) : text
  } catch (error) {
    const reason = error instanceof RangeError ? 'it is nested too deeply' : String((error as Error).message).split('\n', 1)[0]
    throw new CanopyError('JSON_INVALID', 'invalid_input', `what was sent can't be written as JSON: ${reason}; send objects, arrays, strings, numbers, true, false and null, a few levels deep`)
  }
}

function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]))
}

/** Refuses numbers that JSON would turn to null, whose error would name another trouble: `codes` says by which code, option by option. */
export function checkNumbers(options: object, codes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) {
    const odd = [value].flat().find((each: unknown) => typeof each === 'number' && !Number.isFinite(each)) as number | undefined
    if (odd !== undefined) throw new CanopyError(codes[name] ?? codes['*'] ?? 'JSON_INVALID', 'invalid_input', `${name} is ${odd}: send a finite number`)
  }
}
