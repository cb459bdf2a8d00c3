import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../config/schema.js'
import { system } from '../../engine/binding.js'
import { toCanopyError } from '../../engine/error.js'
import { openConfigured } from '../../server/database.js'
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
    await check('data folder', () => folder(config.data.dir)),
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

async function folder(dir: string): Promise<string> {
  const full = path.resolve(dir)
  try {
    await access(full, constants.R_OK | constants.W_OK)
    return `${full} can be read and written`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `${full} will be made`
    throw error
  }
}

async function models(config: Config): Promise<string> {
  const known = await access(config.data.dir).then(() => list(config), () => [])
  return known.length === 0 ? 'looked for when the data folder is opened' : known.join(', ')
}

async function list(config: Config): Promise<string[]> {
  const db = await openConfigured(config, { readOnly: true })
  try {
    return (await db.models()).map(({ name }) => name)
  } finally {
    await db.close()
  }
}

function port({ server: { host, port: wanted } }: Config): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' ? `${wanted} is in use on ${host} (a running canopy, or choose another with --port)` : `${error.message}`))
    probe.listen(wanted, host, () => probe.close(() => resolve(`${wanted} on ${host} is free`)))
  })
}
