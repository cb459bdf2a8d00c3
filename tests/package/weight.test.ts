import { execFileSync } from 'node:child_process'
import test from 'ava'

// Who opens a folder pays neither memory nor time for drivers of servers: some 15 MB and 100 ms for all of them.
const DRIVERS = ['pg', 'pg-copy-streams', 'neo4j-driver', 'ioredis', 'bullmq', 'fastify', 'prom-client']

/** The packages that a script has loaded when it ends. */
function loaded(script: string): string[] {
  const list = `console.log(JSON.stringify(Object.keys((await import('node:module')).createRequire(import.meta.url).cache)))`
  const files = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', `${script}\n${list}`], { encoding: 'utf8' })) as string[]
  return DRIVERS.filter((name) => files.some((file) => file.replaceAll('\\', '/').includes(`/node_modules/${name}/`)))
}

test('drivers of servers are loaded by who names a server', (t) => {
  t.deepEqual(loaded(`import 'canopy-engine'`), [])
  const address = 'postgres://127.0.0.1:1/nowhere'
  t.deepEqual(loaded(`import { open } from 'canopy-engine'; await open('${address}').catch(() => {})`), ['pg', 'pg-copy-streams'])
})
