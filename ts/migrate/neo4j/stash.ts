import { quoted, type Neo4jConnection } from '../../stores/neo4j/connection.js'
import type { Scope } from '../files.js'
import { OWN } from './schema.js'

// Copies of what a migration may change are nodes beside the data: they are there after whatever ends this process, and no client has to
// hold them. Their own properties carry names that nobody else gives.
const LABEL = 'CanopyMigrationStash'
const OWNED = ['kind', 'type', 'element', 'now', 'labels', 'start', 'end']
const own = (name: string): string => `\`__canopy_${name}\``
const IN_BATCHES = 'IN TRANSACTIONS OF 20000 ROWS'
const patient = { timeoutMs: 0 }
/** What a restored thing must not keep. */
const clean = (variable: string): string => `REMOVE ${OWNED.map((name) => `${variable}.${own(name)}`).join(', ')}`

/** Copies what is in these scopes. A node under two of the labels is copied once. */
export async function fillStash(connection: Neo4jConnection, scopes: readonly Scope[]): Promise<void> {
  const labels = scopes.filter(({ kind }) => kind === 'nodes').map(({ name }) => quoted(name))
  if (labels.length > 0) {
    await connection.rows(`CREATE INDEX ${OWN}_now IF NOT EXISTS FOR (s:${LABEL}) ON (s.${own('now')})`)
    await connection.rows(
      `MATCH (n:${labels.join('|')}) CALL (n) {
         CREATE (s:${LABEL}) SET s = properties(n), s.${own('kind')} = 'node', s.${own('element')} = elementId(n), s.${own('now')} = elementId(n), s.${own('labels')} = labels(n)
       } ${IN_BATCHES}`,
      {},
      patient,
    )
  }
  for (const { name } of scopes.filter(({ kind }) => kind === 'relationships')) {
    await connection.rows(
      `MATCH (a)-[r:${quoted(name)}]->(b) CALL (a, r, b) {
         CREATE (s:${LABEL}) SET s = properties(r), s.${own('kind')} = 'relationship', s.${own('type')} = $name, s.${own('start')} = elementId(a), s.${own('end')} = elementId(b)
       } ${IN_BATCHES}`,
      { name },
      patient,
    )
  }
}

/** Makes these scopes what they were when the stash was filled. May be interrupted and begun again. Answers what nodes made anew were called before. */
export async function restoreStash(connection: Neo4jConnection, scopes: readonly Scope[]): Promise<Map<string, string>> {
  for (const { name } of scopes.filter(({ kind }) => kind === 'relationships')) {
    await connection.rows(`MATCH ()-[r:${quoted(name)}]->() CALL (r) { DELETE r } ${IN_BATCHES}`, {}, patient)
  }
  await restoreNodes(connection, scopes.filter(({ kind }) => kind === 'nodes').map(({ name }) => quoted(name)))
  const renamed = await connection.rows<{ was: string; now: string }>(
    `MATCH (s:${LABEL}) WHERE s.${own('now')} <> s.${own('element')} RETURN s.${own('element')} AS was, s.${own('now')} AS now`,
  )
  const moved = Object.fromEntries(renamed.map(({ was, now }) => [was, now]))
  for (const { name } of scopes.filter(({ kind }) => kind === 'relationships')) {
    await connection.rows(
      `MATCH (s:${LABEL}) WHERE s.${own('kind')} = 'relationship' AND s.${own('type')} = $name CALL (s) {
         WITH s, coalesce($moved[s.${own('start')}], s.${own('start')}) AS start, coalesce($moved[s.${own('end')}], s.${own('end')}) AS end
         MATCH (a) WHERE elementId(a) = start
         MATCH (b) WHERE elementId(b) = end
         CREATE (a)-[r:${quoted(name)}]->(b) SET r = properties(s) ${clean('r')}
       } ${IN_BATCHES}`,
      { name, moved },
      patient,
    )
  }
  return new Map(renamed.map(({ was, now }) => [now, was]))
}

async function restoreNodes(connection: Neo4jConnection, labels: readonly string[]): Promise<void> {
  if (labels.length === 0) return
  // The stash remembers the new name in the transaction that makes the node: an interrupted run makes none twice.
  await connection.rows(
    `MATCH (s:${LABEL}) WHERE s.${own('kind')} = 'node' AND NOT EXISTS { MATCH (n) WHERE elementId(n) = s.${own('now')} } CALL (s) {
       CREATE (n) SET s.${own('now')} = elementId(n)
     } ${IN_BATCHES}`,
    {},
    patient,
  )
  await connection.rows(
    `MATCH (s:${LABEL}) WHERE s.${own('kind')} = 'node' CALL (s) {
       MATCH (n) WHERE elementId(n) = s.${own('now')}
       WITH s, n, [label IN labels(n) WHERE NOT label IN s.${own('labels')}] AS added
       REMOVE n:$(added)
       SET n:$(s.${own('labels')}), n = properties(s) ${clean('n')}
     } ${IN_BATCHES}`,
    {},
    patient,
  )
  await connection.rows(
    `MATCH (n:${labels.join('|')}) WHERE NOT EXISTS { MATCH (s:${LABEL}) WHERE s.${own('now')} = elementId(n) } CALL (n) { DETACH DELETE n } ${IN_BATCHES}`,
    {},
    patient,
  )
}

/** Forgets the copies. */
export async function dropStash(connection: Neo4jConnection): Promise<void> {
  await connection.rows(`MATCH (s:${LABEL}) CALL (s) { DELETE s } ${IN_BATCHES}`, {}, patient)
}
