import { quoted, type Neo4jConnection } from '../../stores/neo4j/connection.js'

/** A constraint, or an index that belongs to none. */
export interface SchemaEntry {
  kind: 'CONSTRAINT' | 'INDEX'
  name: string
  /** What makes it. */
  statement: string
}

/** Beginning of the names of what the runner itself makes. */
export const OWN = 'canopy_migration'

/** A unique property of nodes of ours. */
export async function ensureUnique(connection: Neo4jConnection, name: string, label: string, property: string): Promise<void> {
  await connection.schema(`CREATE CONSTRAINT ${OWN}_${name} IF NOT EXISTS FOR (n:${label}) REQUIRE n.${property} IS UNIQUE`)
}

/** Constraints and indexes that a script could be about: it names them, or what they are on. Others belong to others, who may change them meanwhile. */
export async function readSchema(connection: Neo4jConnection, script: string): Promise<SchemaEntry[]> {
  type Found = Omit<SchemaEntry, 'kind'> & { on: string[] | null }
  const [constraints, indexes] = await Promise.all([
    connection.rows<Found>('SHOW CONSTRAINTS YIELD name, labelsOrTypes, createStatement RETURN name, labelsOrTypes AS on, createStatement AS statement'),
    connection.rows<Found>('SHOW INDEXES YIELD name, labelsOrTypes, owningConstraint, createStatement WHERE owningConstraint IS NULL RETURN name, labelsOrTypes AS on, createStatement AS statement'),
  ])
  const all = [...constraints.map((entry) => ({ ...entry, kind: 'CONSTRAINT' as const })), ...indexes.map((entry) => ({ ...entry, kind: 'INDEX' as const }))]
  const words = new Set(script.match(/[\p{L}\p{N}_]+/gu))
  const named = (name: string): boolean => words.has(name) || script.includes(quoted(name))
  return all
    .filter(({ name, on }) => !name.startsWith(OWN) && (named(name) || (on ?? []).some(named)))
    .map(({ kind, name, statement }) => ({ kind, name, statement }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Takes away what came since, so that nothing stands against putting contents back. */
export async function dropAdded(connection: Neo4jConnection, before: readonly SchemaEntry[], script: string): Promise<void> {
  const known = new Set(before.map(({ statement }) => statement))
  for (const { kind, name, statement } of await readSchema(connection, script)) {
    if (!known.has(statement)) await connection.rows(`DROP ${kind} ${quoted(name)} IF EXISTS`, {}, { timeoutMs: 0 })
  }
}

/** Makes again what is gone. */
export async function createMissing(connection: Neo4jConnection, before: readonly SchemaEntry[], script: string): Promise<void> {
  const there = new Set((await readSchema(connection, script)).map(({ statement }) => statement))
  for (const { statement } of before) if (!there.has(statement)) await connection.rows(statement, {}, { timeoutMs: 0 })
  await awaitIndexes(connection)
}

/** Waits until indexes are filled; an index that can't be fails here. */
export async function awaitIndexes(connection: Neo4jConnection): Promise<void> {
  await connection.rows('CALL db.awaitIndexes(3600)', {}, { timeoutMs: 0 })
}
