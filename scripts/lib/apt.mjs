// Debian's package manager, for what tests need and npm and cargo don't carry.

import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './run.mjs'

const TRIES = 60
let updating

/** Fetches the lists of packages, once a run; waits for whoever else is at it. Only root may. */
export function aptUpdate() {
  updating ??= update()
  return updating
}

/** The same where apt doesn't know a package yet: images of machines come without lists. */
export async function aptKnow(name) {
  const { code } = await run('apt-cache', ['show', name], { quiet: true, check: false })
  if (code !== 0 && process.getuid?.() === 0) await aptUpdate()
}

async function update() {
  for (let tries = 1; ; tries += 1) {
    const { code, output } = await run('apt-get', ['update', '-qq'], { quiet: true, check: false })
    if (code === 0) return
    if (tries === TRIES || !output.includes('lock')) throw new Error(`apt-get update ended with ${code}\n${output.slice(-2000)}`)
    await sleep(1000)
  }
}
