import type { Json } from '../engine/json.js'
import type { Metadata } from '../engine/types.js'

/**
 * Metadata as filters see it: every scalar by its dotted path, arrays as several values of one path, nulls left out.
 * The core flattens records in the same way.
 */
export function flatten(metadata: Metadata): Record<string, Array<string | number | boolean>> {
  const fields: Record<string, Array<string | number | boolean>> = Object.create(null) as Record<string, never>
  const visit = (path: string, value: Json): void => {
    if (value === null) return
    if (Array.isArray(value)) value.forEach((item) => visit(path, item))
    else if (typeof value === 'object') descend(path, value)
    else (fields[path] ??= []).push(value)
  }
  const descend = (path: string, map: { [key: string]: Json }): void => {
    // A path that is empty so far takes no dot, as in the core.
    for (const [key, value] of Object.entries(map)) visit(path === '' ? key : `${path}.${key}`, value)
  }
  descend('', metadata)
  return fields
}
