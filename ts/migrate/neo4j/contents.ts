import neo4j from 'neo4j-driver'
import { Multiset } from '../../stores/multiset.js'
import { quoted, type Neo4jConnection } from '../../stores/neo4j/connection.js'
import type { Scope } from '../files.js'
import { called, type ScopeContents, type Snapshot } from '../target.js'
import { readSchema } from './schema.js'

interface FoundNode {
  labels: string[]
  properties: Record<string, unknown>
}

interface FoundRelationship {
  start: string
  end: string
  properties: Record<string, unknown>
}

/** Schema entries are compared like the contents of a scope of this name. */
export const SCHEMA = 'schema'

/** What is in these scopes now, and the schema as far as `script` is about it. `renamed` tells what nodes that were made anew were called before. */
export async function snapshot(connection: Neo4jConnection, scopes: readonly Scope[], script: string, renamed: ReadonlyMap<string, string> = new Map()): Promise<Snapshot> {
  const found: Snapshot = {}
  for (const scope of scopes) found[called(scope)] = await contents(connection, scope, renamed)
  const schema = new Multiset()
  for (const { statement } of await readSchema(connection, script)) schema.add(statement)
  found[SCHEMA] = schema.contents
  return found
}

async function contents(connection: Neo4jConnection, { kind, name }: Scope, renamed: ReadonlyMap<string, string>): Promise<ScopeContents> {
  const set = new Multiset()
  const options = { timeoutMs: 0 }
  if (kind === 'nodes') {
    const all = connection.stream<FoundNode>(`MATCH (n:${quoted(name)}) RETURN labels(n) AS labels, properties(n) AS properties`, {}, options)
    for await (const { labels, properties } of all) set.add(canonical([labels.toSorted(), properties]))
    return set.contents
  }
  const all = connection.stream<FoundRelationship>(`MATCH (a)-[r:${quoted(name)}]->(b) RETURN elementId(a) AS start, elementId(b) AS end, properties(r) AS properties`, {}, options)
  const original = (id: string): string => renamed.get(id) ?? id
  for await (const { start, end, properties } of all) set.add(canonical([original(start), original(end), properties]))
  return set.contents
}

/** A value as text that tells types apart: 1 and 1.0 are different contents, and so are a date and its name. */
export function canonical(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number') return `f${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'bigint' || neo4j.isInt(value as object)) return `i${String(value)}`
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (ArrayBuffer.isView(value)) return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  if (Object.getPrototypeOf(value) !== Object.prototype) return `${(value as object).constructor.name}(${String(value)})`
  const entries = Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}
