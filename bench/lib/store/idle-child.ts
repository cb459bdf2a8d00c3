// Runs in a process of its own, so that only this folder is in its memory: idle-child.js FOLDER.

import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'canopy-engine'
import type { Resident } from './idle.js'

const IDLE_MS = 500

const megabytes = (): number => Math.round(process.memoryUsage.rss() / 1e5) / 10

const node = megabytes()
const db = await open(process.argv[2] ?? '', { modelIdleMs: IDLE_MS })
const collection = await db.collection('docs')
for (const text of ['something warm to drink', 'a place where ships land', 'to be very sad']) {
  const { mode } = await collection.search(text)
  if (mode !== 'hybrid') throw new Error(`the search ran as ${mode}`)
}
const searched = megabytes()
// Idle in earnest: nothing is called, the library's own timer does what it does after ten minutes by default.
await sleep(4 * IDLE_MS)
const states = (await db.models()).map(({ state }) => state)
if (states.some((state) => state !== 'unloaded')) throw new Error(`models are ${states.join(', ')}`)
const resident: Resident = { node, searched, idle: megabytes() }
await db.close()
process.stdout.write(JSON.stringify(resident))
