import path from 'node:path'
import native from '../engine/native.cjs'
import { isNeo4j } from '../stores/neo4j/connection.js'
import { isPostgres } from '../stores/open.js'
import { EmbeddedMigrations } from './embedded.js'
import { Migrator, type Migrations } from './runner.js'

/** How migrations are looked for and run. */
export interface MigrationOptions {
  /** The folder of `.cypher` and `.sql` files. Default: the one that comes with this package. */
  folder?: string | undefined
  /** How long to wait for another process that migrates, in milliseconds. Default 30,000. */
  waitMs?: number | undefined
  /** How long the lock of a migrator that was killed is respected in Neo4j, in milliseconds. Default 15,000. */
  leaseMs?: number | undefined
}

/** The migrations of a database: `neo4j://…`, `bolt://…`, `postgres://…`, or a folder of ours. Close them after use. */
export async function openMigrations(location: string, { folder = path.join(native.packageRoot(), 'migrations'), waitMs = 30_000, leaseMs }: MigrationOptions = {}): Promise<Migrations> {
  if (isNeo4j(location)) {
    const { Neo4jTarget } = await import('./neo4j/target.js')
    return new Migrator(await Neo4jTarget.open(location, leaseMs), folder, waitMs)
  }
  if (isPostgres(location)) {
    const { PostgresTarget } = await import('./postgres/target.js')
    return new Migrator(await PostgresTarget.open(location), folder, waitMs)
  }
  return new EmbeddedMigrations(location.replace(/^embedded:\/\//, ''))
}
