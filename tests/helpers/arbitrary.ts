import fc from 'fast-check'

/** As much of a JSON schema as the description of the API uses. */
export interface Schema {
  $ref?: string
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  patternProperties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
}

const NAMES = ['n', 'p', 'a', 'b', 'x', '0']
/** Rows of numbers are long by their schema; a few show the same faults. */
const MOST_ITEMS = 6
const DEEPEST = 5

/** Values that a schema allows, and now and then one that it doesn't. */
export function valuesOf(schema: Schema, components: Readonly<Record<string, Schema>>, depth = 0): fc.Arbitrary<unknown> {
  const again = (inner: Schema): fc.Arbitrary<unknown> => valuesOf(inner, components, depth + 1)
  const right = ((): fc.Arbitrary<unknown> => {
    if (schema.$ref !== undefined) return again(components[schema.$ref.split('/').at(-1) ?? ''] ?? {})
    if ('const' in schema) return fc.constant(schema.const)
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
    if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(again))
    switch (depth > DEEPEST ? undefined : schema.type) {
      case 'string':
        return fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 40, 40) }))
      case 'integer':
        return fc.integer({ min: Math.ceil(schema.minimum ?? -3), max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1) })
      case 'number':
        return fc.oneof(fc.integer({ min: -3, max: 10 }), fc.double({ min: schema.minimum ?? schema.exclusiveMinimum ?? -1e300, max: schema.maximum ?? 1e300, noNaN: true }))
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      case 'array':
        return fc.array(again(schema.items ?? {}), { minLength: Math.min(schema.minItems ?? 0, MOST_ITEMS), maxLength: Math.min(schema.maxItems ?? MOST_ITEMS, MOST_ITEMS) })
      case 'object': {
        const [entries] = Object.values(schema.patternProperties ?? {})
        if (schema.properties === undefined) return fc.dictionary(fc.constantFrom(...NAMES), again(entries ?? {}), { maxKeys: 3 })
        return fc.record(Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, again(inner)])), { requiredKeys: schema.required ?? [] })
      }
      default:
        return fc.jsonValue({ maxDepth: 2 })
    }
  })()
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) })
}
