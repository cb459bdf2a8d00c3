// The packages as they are published (the main one without a binary, and that of this platform), installed into an empty folder without a
// compiler and without install scripts, must work: types, ESM, CommonJS, the client and the command.
//   node scripts/pack-test.mjs            with this Node
//   node scripts/pack-test.mjs 22 24      with these too (each from the npm package of that Node)
//   --as-built                            builds nothing first

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { native, packages, typescript } from './lib/build.mjs'
import { at } from './lib/paths.mjs'
import { binary, makePackage, packageName } from './lib/platforms.mjs'
import { run } from './lib/run.mjs'
import { main, step } from './lib/say.mjs'
import { triple } from './lib/triple.mjs'

/** What the core may take without speech weights. */
const NATIVE_BYTES = 25e6

const EXAMPLE = `
const db = await open('./data')
const notes = await db.ensure('notes')
await notes.upsert([{ id: 'tea', text: 'Green tea is brewed below boiling' }, { id: 'car', text: 'A car has four wheels' }])
const { hits, mode } = await notes.search('how hot should the water be?')
if (hits[0].id !== 'tea' || mode !== 'hybrid') throw new Error(JSON.stringify({ hits, mode }))
const refusal = await db.collection('nobody').catch((error) => error)
if (!(refusal instanceof CanopyError) || refusal.code !== 'COLLECTION_NOT_FOUND') throw refusal
await db.close()
console.log('found')
`
const ESM = `import { open, CanopyError } from 'canopy-engine'\n${EXAMPLE}`
const CLIENT = `
const canopy = createClient({ url: 'http://127.0.0.1:1', retries: 0 })
const refusal = await ok(canopy.GET('/v1/collections')).catch((error) => error)
if (!(refusal instanceof TypeError)) throw refusal
console.log('found')
`
const CLIENT_ESM = `import { createClient, ok } from 'canopy-engine/client'\n${CLIENT}`
const CLIENT_CJS = `const { createClient, ok } = require('canopy-engine/client')\n;(async () => {${CLIENT}})().catch((error) => { console.error(error); process.exit(1) })`
const CJS = `const { open, CanopyError } = require('canopy-engine')\n;(async () => {${EXAMPLE}})().catch((error) => { console.error(error); process.exit(1) })`

await main(async () => {
  if (!process.argv.includes('--as-built')) {
    await packages()
    await native()
    await typescript()
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'canopy-pack-'))
  try {
    const tarball = await step('packing as a release does', () => published(folder))
    const app = path.join(folder, 'app')
    await step('installing the tarball into an empty folder', () => install(app, tarball))
    await step('types of a strict project, as Node and as bundlers resolve them', () => types(app))
    await step(`ESM, CommonJS and command on Node ${process.versions.node}`, () => use(app, process.execPath))
    for (const major of process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))) {
      const other = await step(`getting Node ${major}`, () => fetchNode(path.join(folder, `node${major}`), major))
      await step(`ESM, CommonJS and command on Node ${major}`, () => use(app, other))
    }
    console.log('the packed package works')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Packs a folder into `out`; answers the tarball. */
async function pack(folder, out) {
  const { output } = await run('npm', ['pack', '--pack-destination', out, '--json', '--loglevel=error'], { quiet: true, cwd: folder })
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(output.slice(output.indexOf('[\n')))
  console.log(`  ${filename}: ${entryCount} files, ${mebi(size)} packed, ${mebi(unpackedSize)} installed`)
  return path.join(out, filename)
}

function mebi(bytes) {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

/** Both packages as a release publishes them. */
async function published(folder) {
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  const platform = path.join(folder, 'platform')
  makePackage(triple(), at('native'), platform, manifest)
  const { size } = statSync(path.join(platform, binary(triple())))
  if (size > NATIVE_BYTES) throw new Error(`the native core takes ${size} bytes, its budget is ${NATIVE_BYTES}`)
  const core = await pack(platform, folder)
  const whole = await pack(at(), folder)
  const stage = path.join(folder, 'package')
  await run('tar', ['-xzf', path.basename(whole)], { quiet: true, cwd: folder })
  rmSync(whole)
  for (const file of readdirSync(path.join(stage, 'native'))) if (file.endsWith('.node')) rmSync(path.join(stage, 'native', file))
  writeFileSync(path.join(stage, 'package.json'), JSON.stringify({ ...manifest, optionalDependencies: { [packageName(triple())]: `file:${core.replaceAll('\\', '/')}` } }))
  return pack(stage, folder)
}

/** In an environment with no program but Node and npm: what had to be compiled would fail. */
async function install(app, tarball) {
  mkdirSync(app)
  writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "private": true }\n')
  const env = process.platform === 'win32' ? {} : { PATH: programs(path.join(path.dirname(app), 'programs')) }
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', tarball], { cwd: app, quiet: true, env })
  const core = path.join(app, 'node_modules', ...packageName(triple()).split('/'), binary(triple()))
  if (!existsSync(core)) throw new Error(`npm installed no ${core}`)
}

function programs(folder) {
  mkdirSync(folder)
  const found = process.env.PATH.split(path.delimiter).map((place) => path.join(place, 'npm')).find(existsSync)
  symlinkSync(process.execPath, path.join(folder, 'node'))
  symlinkSync(found, path.join(folder, 'npm'))
  return folder
}

/** Without skipLibCheck: every type that ours name must come along. */
async function types(app) {
  const source = `import { open, CanopyError, type SearchAnswer } from 'canopy-engine'
import { createClient, ok, type Schemas } from 'canopy-engine/client'
export async function far(url: string): Promise<Schemas['CollectionInfo'][]> {
  const canopy = createClient({ url })
  // @ts-expect-error there is no such route
  await canopy.GET('/v1/nothing')
  return (await ok(canopy.GET('/v1/collections'))).collections
}
export async function ask(dir: string): Promise<SearchAnswer> {
  const db = await open(dir, { durability: 'power' })
  const notes = await db.ensure('notes', { model: 'static-en' })
  // @ts-expect-error there is no such mode
  await notes.put({ text: 'x' }, 'append').catch((error) => error instanceof CanopyError && error.code)
  return notes.search({ text: 'tea', filter: { year: { gte: 2019 } } }, { signal: AbortSignal.timeout(1000) })
}
`
  for (const name of ['types.mts', 'types.cts']) writeFileSync(path.join(app, name), source)
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc')
  for (const [module, resolution] of [['node16', 'node16'], ['esnext', 'bundler']]) {
    await run(process.execPath, [tsc, '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', module, '--moduleResolution', resolution, 'types.mts', 'types.cts'], { cwd: app, quiet: true })
  }
}

async function fetchNode(folder, major) {
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "node", "private": true }\n')
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', `${name}@${major}`], { cwd: folder, quiet: true })
  const binary = path.join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(binary)) throw new Error(`${name}@${major} holds no ${binary}`)
  return binary
}

/** No variable of this process may lead the package back into the repository. */
function use(app, node) {
  const env = { PATH: '', HOME: app, ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {}) }
  writeFileSync(path.join(app, 'esm.mjs'), ESM)
  writeFileSync(path.join(app, 'cjs.cjs'), CJS)
  writeFileSync(path.join(app, 'client.mjs'), CLIENT_ESM)
  writeFileSync(path.join(app, 'client.cjs'), CLIENT_CJS)
  // On Windows the command is a script of its shell that calls this file.
  const cli = process.platform === 'win32' ? path.join(app, 'node_modules', 'canopy-engine', 'dist', 'cli', 'main.js') : path.join(app, 'node_modules', '.bin', 'canopy')
  for (const [args, expected] of [
    [['esm.mjs'], /found/],
    [['cjs.cjs'], /found/],
    [['client.mjs'], /found/],
    [['client.cjs'], /found/],
    [[cli, 'search', 'notes', 'hot water', '--dir', 'data'], /Green tea/],
    [[cli, 'doctor', '--set', 'server.port=0'], /ok +native core/],
  ]) {
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: app, env, encoding: 'utf8' })
    if (status !== 0 || !expected.test(stdout)) throw new Error(`${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
  }
}
