import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { rm } from 'node:fs/promises'
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
      t.timeout(150_000)
      const release = await exclusive(`neo4j-${new URL(at('neo4j')).port}`)
      try {
        await empty()
        const began = performance.now()
        await work(t)
        t.log(`${Math.round(performance.now() - began)} ms`)
      } finally {
        await empty()
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

async function empty(): Promise<void> {
  const driver = connect()
  const session = driver.session()
  try {
    await session.run('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS')
    const constraints = await session.run('SHOW CONSTRAINTS YIELD name')
    for (const record of constraints.records) await session.run(`DROP CONSTRAINT \`${record.get('name')}\` IF EXISTS`)
    const indexes = await session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'")
    for (const record of indexes.records) await session.run(`DROP INDEX \`${record.get('name')}\` IF EXISTS`)
  } finally {
    await session.close()
    await driver.close()
  }
}

/** A lock between processes: whoever listens on its socket has it, and with the process it ends. */
async function exclusive(name: string): Promise<() => Promise<void>> {
  const file = path.join(os.tmpdir(), `canopy-${name}.sock`)
  for (;;) {
    const server = await listen(file)
    if (server !== undefined) return () => new Promise((resolve) => server.close(() => resolve()))
    // A socket that nobody listens on was left by a process that was killed.
    if (!(await answers(file))) await rm(file, { force: true })
    else await sleep(50)
  }
}

function listen(file: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(file, () => resolve(server))
  })
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(file, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
