// The servers that tests talk to: brought up side by side, found again by whoever comes later, ended by whoever brought them up.

import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { at } from '../lib/paths.mjs'
import { Missing } from '../lib/say.mjs'
import { alive, detach, home, readState, writeState } from './lib.mjs'
import { neo4j } from './neo4j.mjs'
import { postgres } from './postgres.mjs'
import { prometheus } from './prometheus.mjs'
import { redis } from './redis.mjs'
import { toxiproxy } from './toxiproxy.mjs'
import { whisper } from './whisper.mjs'

const recipes = { neo4j, postgres, prometheus, redis, toxiproxy, whisper }

/** The services there are recipes for. */
export const names = Object.keys(recipes)

/** The variable that tells tests where a service is; a value that is set already is somebody's own server. */
export const variable = (name) => `CANOPY_TEST_${name.toUpperCase()}`

/** Whether a service can be had on a machine like this, given its tools. */
export const canBeHad = (name) => recipes[name].platforms.includes(process.platform) && (name !== 'postgres' || process.arch === 'x64')

/**
 * Brings up what isn't up yet. Answers for each `{ state: 'own' | 'found' | 'started' | 'missing' | 'failed', url?, reason? }`.
 * One that fails doesn't keep the others from starting.
 */
export async function up(wanted = names) {
  const state = readState()
  const entries = await Promise.all(
    wanted.map(async (name) => {
      const own = process.env[variable(name)]
      if (own !== undefined && own !== '') return [name, { state: 'own', url: own }]
      const known = state[name]
      if (known !== undefined && (await recipes[name].healthy(known))) return [name, { state: 'found', url: known.url }]
      try {
        if (known !== undefined) await clear(name, known)
        const started = await recipes[name].up()
        // Written at once: what runs is known even if another takes long or this process is ended.
        writeState({ ...readState(), [name]: started })
        return [name, { state: 'started', url: started.url }]
      } catch (error) {
        return [name, { state: error instanceof Missing ? 'missing' : 'failed', reason: error.message }]
      }
    }),
  )
  return Object.fromEntries(entries)
}

/** What is up: `{ [name]: { healthy, url, pid } }`. */
export async function status() {
  const state = readState()
  const entries = await Promise.all(Object.entries(state).map(async ([name, known]) => [name, { healthy: await recipes[name].healthy(known), url: known.url, pid: known.pid }]))
  return Object.fromEntries(entries)
}

/** Ends what `up` started and deletes its data; downloads stay. */
export async function down(wanted = names) {
  const state = readState()
  await Promise.all(wanted.filter((name) => state[name] !== undefined).map((name) => clear(name, state[name])))
  writeState(Object.fromEntries(Object.entries(readState()).filter(([name]) => !wanted.includes(name))))
}

async function clear(name, known) {
  await recipes[name].down(known)
  if (known.folder !== undefined) rmSync(known.folder, { recursive: true, force: true, maxRetries: 3 })
}

/** A process of its own that ends these services when `pid` is gone, however it went. Somebody may have brought up others of their names by then: those stay. */
export function guard(pid, wanted) {
  const state = readState()
  return detach(process.execPath, [at('scripts', 'services.mjs'), 'guard', String(pid), ...wanted.map((name) => `${name}:${state[name].pid}`)], { log: home('guard.log') })
}

/** What the guard does: waits for the end of a process, and ends what that one left. */
export async function guarding(pid, started) {
  while (alive(pid, '')) await sleep(500)
  const state = readState()
  await down(started.map((entry) => entry.split(':')).filter(([name, own]) => state[name]?.pid === Number(own)).map(([name]) => name))
}
