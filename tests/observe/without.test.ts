import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import test from 'ava'
import { traced } from '../../ts/engine/trace.js'
import { eventually } from '../helpers/eventually.js'
import { call } from '../helpers/server.js'
import { started } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'

test('without an SDK a span costs next to nothing', async (t) => {
  const work = async (): Promise<number> => 1
  const timed = async (run: () => Promise<number>): Promise<number> => {
    const began = performance.now()
    for (let i = 0; i < 50_000; i += 1) await run()
    return (performance.now() - began) / 50_000
  }
  const differences: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const bare = await timed(work)
    differences.push((await timed(() => traced('store.get', { 'canopy.collection': 'notes' }, work))) - bare)
  }
  const cost = Math.min(...differences) * 1000
  t.log(`${cost.toFixed(2)} µs`)
  t.true(cost < 2, `${cost} µs`)
})

test('without an SDK its API is not even loaded by who opens a folder', async (t) => {
  const cwd = await folder(t)
  const script = `const { open } = await import(${JSON.stringify(path.resolve('dist', 'index.js'))})
    const db = await open('notes'); const notes = await db.create('n', { model: null }); await notes.add({ id: 'a', text: 'b' }); await notes.search('b'); await db.close()
    console.log(Object.keys((await import('node:module')).default._cache).filter((file) => file.includes('opentelemetry')).length)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' })
  t.is(stdout.trim(), '0', stderr)
})

test('a request has one id in its answer, its error and every line of the log', async (t) => {
  const dir = await folder(t)
  const { child, said } = await started(['serve', '--json', '-d', dir, '--port', '0', '--set', 'server.maxEventLoopDelayMs=0'], { cwd: dir })
  t.teardown(() => child.kill('SIGKILL'))
  const address = (): string | undefined => /^\{"url":"([^"]+)"\}$/m.exec(said())?.[1]
  await eventually(async () => address() !== undefined)
  const url = address() ?? ''
  const { json, headers } = await call(`${url}/v1/collections/none/search`, 'POST', { text: 'a very private question' })
  child.kill('SIGTERM')
  await once(child, 'close')
  const log = said()
  t.is(json.code, 'COLLECTION_NOT_FOUND')
  const id = headers.get('x-request-id')
  t.is(json['requestId'], id)
  const lines = log.trim().split('\n').map((text) => JSON.parse(text) as { reqId?: string; msg: string; code?: string; trace_id?: string })
  const own = lines.filter(({ reqId }) => reqId === id)
  t.deepEqual([own.length, own.find(({ code }) => code !== undefined)?.code], [3, 'COLLECTION_NOT_FOUND'], log)
  t.false(log.includes('private question'))
  t.true(lines.every(({ trace_id: traceId }) => traceId === undefined))
})
