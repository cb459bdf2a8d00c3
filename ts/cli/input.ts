import { isUtf8 } from 'node:buffer'
import { buffer } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { CanopyError } from '../engine/error.js'

/** A whole number from the command line. */
export function integer(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError(`"${value}" is no whole number.`)
  return Number(value)
}

/** A number from the command line. */
export function number(value: string): number {
  const parsed = Number(value)
  if (value.trim() === '' || Number.isNaN(parsed)) throw new InvalidArgumentError(`"${value}" is no number.`)
  return parsed
}

/** A JSON object from the command line. */
export function jsonObject(value: string): Record<string, never> {
  const parsed = json(value)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new InvalidArgumentError('It must be a JSON object such as {"lang":"en"}.')
  return parsed as Record<string, never>
}

/** A JSON array of numbers, or numbers between commas. NaN passes: the core refuses it by its own code. */
export function vector(value: string): number[] {
  const parts = value.trim().startsWith('[') ? json(value) : value.split(',').map((part) => (part.trim() === '' ? undefined : Number(part)))
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every((part) => typeof part === 'number')) throw new InvalidArgumentError('It must be numbers between commas, or a JSON array of numbers.')
  return parts
}

/** What each leg counts for: `1,0.5`. */
export function weights(value: string): { keyword: number; vector: number } {
  const [keyword, vector, ...rest] = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (keyword === undefined || vector === undefined || rest.length > 0 || Number.isNaN(keyword + vector)) throw new InvalidArgumentError('It must be two numbers, for keywords and vectors, such as 1,0.5.')
  return { keyword, vector }
}

/** JSON from the command line. */
export function json(value: string): unknown {
  try {
    return JSON.parse(value) as unknown
  } catch {
    throw new InvalidArgumentError(`${value.slice(0, 60)} is no JSON.`)
  }
}

/** The words of an argument as one text; `-` or nothing reads standard input. */
export async function textArgument(words: string[]): Promise<string> {
  if (words.length > 0 && words.join(' ') !== '-') return words.join(' ')
  if (process.stdin.isTTY) throw new CanopyError('USAGE', 'invalid_input', 'no text: write it behind the command, or pipe it in')
  const bytes = await buffer(process.stdin)
  if (!isUtf8(bytes)) throw new CanopyError('ENCODING_INVALID', 'invalid_input', 'standard input is not valid UTF-8: convert it first, for example with iconv -f latin1 -t utf-8')
  return bytes.toString().trimEnd()
}
