import fc from 'fast-check'
import type { Filter, Metadata } from '../../ts/index.js'
import { conform } from '../helpers/places.js'

const scalar = fc.oneof(fc.constantFrom('a', 'b', 'A', '', 'é', '🍵', '"', '\\', '\u0000', "'", '$x', '10', '9'), fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -0, 1e300, 1e-300), fc.boolean())
const value = fc.oneof(scalar, fc.constant(null), fc.array(fc.oneof(scalar, fc.constant(null)), { maxLength: 3 }), fc.record({ x: scalar, 'y.z': scalar }, { requiredKeys: [] }))
const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('p', 'q') }, { weight: 1, arbitrary: fc.constantFrom('p.x', 'q.y.z', 'and', 'not', 'a b', '"', '$', '') })
const metadata = fc.dictionary(key, value, { maxKeys: 4 })
const range = fc.record({ gt: fc.constantFrom(-1, 0, 1, 2, 'a', 'é'), lte: fc.constantFrom(-1, 0, 1, 2, 'b', '🍵') }, { requiredKeys: [] })
const condition = fc.oneof(
  scalar,
  fc.constant(null),
  fc.record({ eq: scalar }),
  fc.record({ ne: fc.oneof(scalar, fc.constant(null)) }),
  fc.record({ in: fc.array(fc.oneof(scalar, fc.constant(null)), { maxLength: 3 }) }),
  fc.record({ nin: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ exists: fc.boolean() }),
  { weight: 4, arbitrary: range.filter((some) => Object.keys(some).length > 0) },
)
const leaf = fc.dictionary(key, condition, { minKeys: 1, maxKeys: 2 })
const filter = fc.oneof(leaf, fc.record({ or: fc.array(leaf, { maxLength: 2 }) }), fc.record({ and: fc.array(leaf, { maxLength: 2 }) }), fc.record({ not: leaf.filter((inner) => !('eq' in inner)) }))

/** What a filter means, said once more and in the simplest way: the oracle for every store. */
function holds(wanted: Filter, fields: Map<string, unknown[]>): boolean {
  return Object.entries(wanted).every(([name, asked]) => {
    if (name === 'and' && Array.isArray(asked)) return asked.every((part) => holds(part as Filter, fields))
    if (name === 'or' && Array.isArray(asked)) return asked.some((part) => holds(part as Filter, fields))
    const isMap = typeof asked === 'object' && asked !== null && !Array.isArray(asked)
    const operators = isMap && Object.keys(asked).every((operator) => ['eq', 'ne', 'in', 'nin', 'exists', 'gt', 'lte'].includes(operator))
    if (name === 'not' && isMap && !operators) return !holds(asked, fields)
    const values = fields.get(name) ?? []
    const tests = isMap ? Object.entries(asked) : [['eq', asked] as const]
    return tests.every(([operator, operand]) => meets(operator, operand, values))
  })
}

function meets(operator: string, operand: unknown, values: unknown[]): boolean {
  const equals = (one: unknown): boolean => (one === null ? values.length === 0 : values.some((each) => each === one || (each === 0 && one === 0)))
  const list = Array.isArray(operand) ? operand : []
  switch (operator) {
    case 'eq':
      return equals(operand)
    case 'ne':
      return !equals(operand)
    case 'in':
      return list.some(equals)
    case 'nin':
      return !list.some(equals)
    case 'exists':
      return values.length > 0 === operand
    default:
      return values.some((each) => typeof each === typeof operand && (operator === 'gt' ? order(each, operand) > 0 : order(each, operand) <= 0))
  }
}

/** Numbers by size, texts by code points. */
function order(a: unknown, b: unknown): number {
  if (typeof a === 'number') return a - (b as number)
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string))
}

function flat(metadata: Metadata): Map<string, unknown[]> {
  const fields = new Map<string, unknown[]>()
  const visit = (path: string, each: unknown): void => {
    if (Array.isArray(each)) each.forEach((item) => visit(path, item))
    else if (typeof each === 'object' && each !== null) for (const [name, inner] of Object.entries(each)) visit(path === '' ? name : `${path}.${name}`, inner)
    else if (each !== null) fields.set(path, [...(fields.get(path) ?? []), each])
  }
  visit('', metadata)
  return fields
}

conform('a filter means the same everywhere', async (t, database) => {
  const notes = await (await database(t)).create('notes', { model: null })
  const sample = fc.sample(metadata, { numRuns: 80, seed: 7 }) as Metadata[]
  await notes.add(sample.map((each, i) => ({ id: `r${i}`, text: 'same', metadata: each })))
  await fc.assert(
    fc.asyncProperty(filter, async (wanted) => {
      const expected = sample.flatMap((each, i) => (holds(wanted as Filter, flat(each)) ? [`r${i}`] : []))
      const found = await notes.list({ filter: wanted as Filter, limit: 1000 })
      t.deepEqual(found.records.map(({ id }) => id), expected, JSON.stringify(wanted))
    }),
    { numRuns: 300, seed: 11 },
  )
})

conform('whatever was stored comes back as it was', async (t, database) => {
  const notes = await (await database(t)).create('notes', { dim: 2 })
  const anything = fc.record({ text: fc.string({ unit: 'binary', minLength: 1 }).map((text) => `x${text}`.toWellFormed()), metadata: fc.dictionary(fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__'), fc.jsonValue(), { maxKeys: 3 }) })
  const sample = fc.sample(anything, { numRuns: 80, seed: 3 }).map((record, i) => ({ ...record, metadata: JSON.parse(JSON.stringify(record.metadata)) as Metadata, id: `r${i}`, vector: [Math.fround(i / 3), -1e-30] }))
  sample.push({ id: 'nul', text: 'a\0b\\u0000', metadata: { 'k\0': 'v\0' }, vector: [0, 1] })
  await notes.add(sample)
  for (const record of sample) {
    const back = await notes.get(record.id, { vector: true })
    t.deepEqual({ id: back?.id, text: back?.text, metadata: back?.metadata, vector: back?.vector?.map(Math.fround) }, { ...record, vector: record.vector.map(Math.fround) })
  }
})
