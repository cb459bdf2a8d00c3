import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import neo4j from 'neo4j-driver'
import { at, using, type ServiceName } from './services.js'

/**
 * One test with Neo4j (and others) that has the whole server to itself: the Community edition has one database, which is emptied first.
 * Tests of other files and processes wait.
 */
export function alone(...others: ServiceName[]): (title: string, work: (t: ExecutionContext) => Promise<void>) => void {
  const run = using('neo4j', ...others)
  return (title, work) =>
    run(title, async (t) => {
      // Most of it is waiting for the others.
      t.timeout(600_000)
      const release = await exclusive(Number(new URL(at('neo4j')).port))
      try {
        await emptied()
        const began = performance.now()
        await work(t)
        t.log(`${Math.round(performance.now() - began)} ms`)
      } finally {
        await emptied()
        await release()
      }
    })
}

/** Statements of an administrator, outside of what is tested. */
export async function cypher<T = Record<string, unknown>>(text: string, parameters: Record<string, unknown> = {}): Promise<T[]> {
  const driver = connect()
  try {
    return (await driver.executeQuery(text, parameters)).records.map((record) => record.toObject() as T)
  } finally {
    await driver.close()
  }
}

function connect() {
  const { username, password, host } = new URL(at('neo4j'))
  return neo4j.driver(`bolt://${host}`, neo4j.auth.basic(username, password), { disableLosslessIntegers: true })
}

/** What a process that was killed had asked for may still arrive at the server while this runs: then once more. */
async function emptied(): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await empty()
      return
    } catch (error) {
      if (tries === 20) throw error
      await sleep(250)
    }
  }
}

async function empty(): Promise<void> {
  const driver = connect()
  const session = driver.session()
  try {
    await session.run('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS')
    const constraints = await session.run('SHOW CONSTRAINTS YIELD name')
    for (const record of constraints.records) await session.run(`DROP CONSTRAINT \`${record.get('name')}\` IF EXISTS`)
    const indexes = await session.run("SHOW INDEXES YIELD name, type, owningConstraint WHERE type <> 'LOOKUP' AND owningConstraint IS NULL RETURN name")
    for (const record of indexes.records) await session.run(`DROP INDEX \`${record.get('name')}\` IF EXISTS`)
  } finally {
    await session.close()
    await driver.close()
  }
}

/** A lock between processes: whoever listens at its address has it, and with the process it ends. Linux has names for that; elsewhere it is a port. */
async function exclusive(port: number): Promise<() => Promise<void>> {
  const address = process.platform === 'linux' ? { path: `\0canopy-neo4j-${port}` } : { host: '127.0.0.1', port: 20_000 + (port % 10_000) }
  for (;;) {
    const server = await listen(address)
    if (server !== undefined) return () => new Promise((resolve) => server.close(() => resolve()))
    await sleep(50)
  }
}

function listen(address: net.ListenOptions): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(address, () => resolve(server))
  })
}
