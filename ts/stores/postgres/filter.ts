import type { Json } from '../../engine/json.js'
import type { Filter } from '../../engine/types.js'

type Fields = { [key: string]: Json }

const OPERATORS = new Set(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'exists', 'contains'])
const COMPARISONS: Readonly<Record<string, string>> = { gt: '>', gte: '>=', lt: '<', lte: '<=' }

/**
 * A filter as a condition on `records.fields`, which holds every scalar of the metadata by its dotted path.
 *
 * The filter has been checked by the core, so nothing is refused here. Values become parameters; equality and ranges are
 * operators that the GIN index on `fields` answers. `add` takes a value and gives its placeholder.
 */
export function condition(filter: Filter, add: (value: unknown) => string): string {
  const parts = Object.entries(filter).map(([key, value]) => {
    if (key === 'and' && Array.isArray(value)) return all(value.map((part) => condition(part as Filter, add)))
    if (key === 'or' && Array.isArray(value)) return any(value.map((part) => condition(part as Filter, add)))
    if (key === 'not' && isObject(value) && !isCondition(value)) return `(not ${condition(value, add)})`
    return field(key, value, add)
  })
  return all(parts)
}

const all = (parts: string[]): string => (parts.length === 0 ? 'true' : `(${parts.join(' and ')})`)
const any = (parts: string[]): string => (parts.length === 0 ? 'false' : `(${parts.join(' or ')})`)

function field(path: string, value: Json, add: (value: unknown) => string): string {
  if (!isObject(value)) return equals(path, value, add)
  return all(Object.entries(value).map(([operator, operand]) => test(path, operator, operand, add)))
}

function test(path: string, operator: string, operand: Json, add: (value: unknown) => string): string {
  const list = Array.isArray(operand) ? operand : []
  switch (operator) {
    case 'ne':
      return `(not ${equals(path, operand, add)})`
    case 'in':
      return any(list.map((item) => equals(path, item, add)))
    case 'nin':
      return `(not ${any(list.map((item) => equals(path, item, add)))})`
    case 'exists':
      return operand === true ? exists(path, add) : `(not ${exists(path, add)})`
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return `(r.fields @? ${add(`$.${json(path)}[*] ? (@ ${COMPARISONS[operator]} ${json(operand)})`)}::jsonpath and ${SOME})`
    default:
      return equals(path, operand, add)
  }
}

/** Equal to null means absent: an explicit null and a missing field are one. */
function equals(path: string, value: Json, add: (value: unknown) => string): string {
  if (value === null) return `(not ${exists(path, add)})`
  return `(r.fields @> ${add(json({ [path]: [value] }))}::jsonb and ${SOME})`
}

/** True of whatever is equal to something or compares with it; the index leaves out records without metadata, and is used only where that is said. */
const SOME = "r.fields <> '{}'"

const exists = (path: string, add: (value: unknown) => string): string => `(r.fields ? ${add(storable(path))})`

function isObject(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `{ "not": { "eq": 1 } }` asks about a field called `not`. */
function isCondition(value: Fields): boolean {
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => OPERATORS.has(key))
}

/** jsonb holds no NUL; in filters and in what they look at it is U+FFFD. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

/** JSON that jsonb and jsonpath read. */
export function json(value: unknown): string {
  // A backslash before "u0000" would be the text \u0000, not the character: only an odd number of backslashes makes an escape.
  return storable(JSON.stringify(value)).replace(/(?<!\\)((?:\\\\)*)\\u0000/g, '$1\uFFFD').replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/gi, '$1\uFFFD')
}
