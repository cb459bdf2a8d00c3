import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgres, schemaUrl } from '../helpers/places.js'
import { using } from '../helpers/services.js'

const script = fileURLToPath(new URL('../helpers/writer.js', import.meta.url))

/** A writer in a process of its own. */
function writer(url: string, prefix: string) {
  const child = spawn(process.execPath, [script, url, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise((resolve) => child.once('close', resolve))
  return {
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    /** What was acknowledged; half a line at the end was not. */
    acknowledged: () => output.slice(0, output.lastIndexOf('\n') + 1).split(/\s+/).filter((id) => id !== ''),
  }
}

using('postgres')('postgres: two servers write to one database, one is killed: nothing acknowledged is lost, nothing is there twice', async (t) => {
  const url = schemaUrl(t)
  const db = await openPostgres(t, url)
  const notes = await db.ensure('notes', { dim: 2 })
  const [one, other] = [writer(url, 'one'), writer(url, 'other')]
  const until = Date.now() + 30_000
  while ((one.acknowledged().length < 150 || other.acknowledged().length < 150) && Date.now() < until) await sleep(20)
  await one.kill()
  const survived = other.acknowledged().length
  while (other.acknowledged().length < survived + 50 && Date.now() < until) await sleep(20)
  await other.kill()
  const promised = [...one.acknowledged(), ...other.acknowledged()]
  t.true(other.acknowledged().length >= survived + 50, 'the other one goes on')
  const stored = new Map<string, number>()
  for await (const { id, vector } of notes.records({ limit: 1000, vectors: true })) {
    stored.set(id, (stored.get(id) ?? 0) + 1)
    t.is(vector?.length, 2, `${id} has its vector`)
  }
  t.deepEqual(promised.filter((id) => !stored.has(id)), [], 'lost')
  t.deepEqual([...stored].filter(([, count]) => count > 1), [], 'double')
  t.is((await notes.info()).count, stored.size)
  t.log(`${promised.length} acknowledged, ${stored.size} stored`)
})
