import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../engine/json.js'

/** What differs between two JSON values, a line each: `~ path: before → after`, `+ path: value`, `- path`. */
export function differences(before: Json | undefined, after: Json | undefined, path = ''): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (before === undefined) return [`+ ${path}: ${short(after)}`]
  if (after === undefined) return [`- ${path}`]
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, i) => differences(before[i], after[i], `${path}[${i}]`)).flat()
  }
  if (isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  return [`~ ${path}: ${short(before)} → ${short(after)}`]
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function short(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
