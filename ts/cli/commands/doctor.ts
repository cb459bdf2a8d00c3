import { constants } from 'node:fs'
import { access, mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../config/schema.js'
import { system } from '../../engine/binding.js'
import { chooseComputeDevice, computeDevice } from '../../engine/compute.js'
import { CanopyError, toCanopyError } from '../../engine/error.js'
import { openConfigured } from '../../server/database.js'
import { listenError } from '../../server/errors.js'
import { packageVersion } from '../../server/version.js'
import { report } from '../output.js'
import { configuration, globals } from '../session.js'

interface Check {
  name: string
  ok: boolean
  detail: string
}

/** doctor */
export function addCommands(root: Command): void {
  root
    .command('doctor')
    .description('check the installation, the configuration, the data folder, the models and the port')
    .action(async (_options: object, command: Command) => {
      const checks = [await check('node', () => `Node ${process.versions.node} on ${process.platform} ${process.arch}, canopy-engine ${packageVersion}`), await check('native core', native)]
      const configured = await check('configuration', () => `read (${configuration(command).file ?? 'defaults, environment and flags'})`)
      checks.push(configured)
      if (checks.every(({ ok }) => ok)) checks.push(...(await checkInstallation(configuration(command).config)))
      report(globals(command).json, checks, () => checks.map(({ name, ok, detail }) => `${ok ? 'ok  ' : 'FAIL'} ${name}: ${detail}`))
      if (checks.some(({ ok }) => !ok)) process.exitCode = 1
    })
}

async function checkInstallation(config: Config): Promise<Check[]> {
  return [
    await check('device', () => device(config)),
    config.store.url === '' ? await check('data folder', () => folder(config)) : await check('database', () => opened(config)),
    await check('models', () => models(config)),
    await check('port', () => port(config)),
  ]
}

async function check(name: string, test: () => string | Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await test() }
  } catch (thrown) {
    const { code, message } = toCanopyError(thrown)
    return { name, ok: false, detail: `${message} [${code}]` }
  }
}

function native(): string {
  const { version, isa, threads, sqlite } = system()
  return `version ${version}, ${isa} kernels, ${threads} threads, SQLite ${sqlite}`
}

/** What does work that a GPU does sooner. That there is no GPU is no fault, unless one was asked for. */
async function device({ compute }: Config): Promise<string> {
  if (compute.device !== 'auto') await chooseComputeDevice(compute.device)
  const { device: used, name, capability, memoryBytes, reason, code } = await computeDevice()
  if (used === 'gpu') return `${name ?? ''} (compute capability ${capability ?? ''}, ${Math.round((memoryBytes ?? 0) / 2 ** 30)} GiB) does what it does sooner`
  if (compute.device === 'gpu') throw new CanopyError(code ?? 'GPU_NONE', 'unavailable', reason ?? 'no GPU is used')
  return `the processor; ${reason ?? ''} [${code ?? ''}]`
}

async function folder(config: Config): Promise<string> {
  const full = path.resolve(config.data.dir)
  if (await may(full, constants.F_OK)) {
    if (!(await stat(full)).isDirectory()) throw new CanopyError('STORE_NOT_A_FOLDER', 'invalid_input', `${full} is a file: name the folder that holds the collections, or one that doesn't exist yet`)
    if (!(await may(full, constants.R_OK | constants.W_OK | constants.X_OK))) throw forbidden(full)
    return `${full} can be read and written, ${await opened(config)}`
  }
  const above = await existing(path.dirname(full))
  if (!(await may(above, constants.W_OK | constants.X_OK))) throw forbidden(above)
  return `${full} will be made`
}

function forbidden(place: string): CanopyError {
  return new CanopyError('STORE_PERMISSION', 'permission', `no permission for ${place}: give this user read and write access, or name another folder with --dir`)
}

async function may(place: string, mode: number): Promise<boolean> {
  return access(place, mode).then(() => true, () => false)
}

/** The nearest folder above that is there. */
async function existing(folder: string): Promise<string> {
  return (await may(folder, constants.F_OK)) || path.dirname(folder) === folder ? folder : existing(path.dirname(folder))
}

/** What a database says when it is opened beside a process that may write to it. */
async function opened(config: Config): Promise<string> {
  try {
    const db = await openConfigured(config, { readOnly: true })
    const collections = await db.collections().finally(() => db.close())
    return `${collections.length} collections`
  } catch (error) {
    if (error instanceof CanopyError && error.code === 'STORE_NOT_FOUND') return 'no collection yet'
    throw error
  }
}

/** Looks for weights where a database would: in one of its own, since the data may be locked, damaged or not there yet. */
async function models(config: Config): Promise<string> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'canopy-doctor-'))
  try {
    const db = await openConfigured(config, { location: scratch, readOnly: false })
    const known = (await db.models()).map(({ name }) => name)
    await db.close()
    if (known.length > 0) return known.join(', ')
    throw new CanopyError('MODEL_MISSING', 'unavailable', `no weights in ${config.models.dir === '' ? 'the package' : path.resolve(config.models.dir)}: searches go by keywords only; name the folder with models.dir`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function port({ server: { host, port: wanted } }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    // In use is no fault of the installation: it may be our own server.
    probe.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(`${wanted} is in use on ${host} (a running canopy, or choose another with --port)`) : reject(listenError(error, { host, port: wanted }))))
    probe.listen(wanted, host, () => probe.close(() => resolve(`${wanted} on ${host} is free`)))
  })
}
