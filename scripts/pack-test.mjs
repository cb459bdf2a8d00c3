// The packed package, installed into an empty folder as a user does, must work: ESM, CommonJS and the command.
//   node scripts/pack-test.mjs            with this Node
//   node scripts/pack-test.mjs 22 24      with these too (each from the npm package of that Node)

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { native, packages, typescript } from './lib/build.mjs'
import { at } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { main, step } from './lib/say.mjs'

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
const CJS = `const { open, CanopyError } = require('canopy-engine')\n;(async () => {${EXAMPLE}})().catch((error) => { console.error(error); process.exit(1) })`

await main(async () => {
  await packages()
  await native()
  await typescript()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'canopy-pack-'))
  try {
    const tarball = await step('npm pack', () => pack(folder))
    const app = path.join(folder, 'app')
    await step('installing the tarball into an empty folder', () => install(app, tarball))
    await step('types of a strict project, as Node and as bundlers resolve them', () => types(app))
    await step(`ESM, CommonJS and command on Node ${process.versions.node}`, () => use(app, process.execPath))
    for (const major of process.argv.slice(2)) {
      const other = await step(`getting Node ${major}`, () => fetchNode(path.join(folder, `node${major}`), major))
      await step(`ESM, CommonJS and command on Node ${major}`, () => use(app, other))
    }
    console.log('the packed package works')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function pack(folder) {
  const { output } = await run('npm', ['pack', '--pack-destination', folder, '--json', '--loglevel=error'], { quiet: true })
  const [{ filename, size, entryCount }] = JSON.parse(output.slice(output.indexOf('[')))
  console.log(`  ${filename}: ${entryCount} files, ${(size / 1024 ** 2).toFixed(1)} MiB`)
  return path.join(folder, filename)
}

async function install(app, tarball) {
  mkdirSync(app)
  writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "private": true }\n')
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', tarball], { cwd: app, quiet: true })
}

/** Without skipLibCheck: every type that ours name must come along. */
async function types(app) {
  const source = `import { open, CanopyError, type SearchAnswer } from 'canopy-engine'
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
  const env = { PATH: process.env.PATH, HOME: app }
  writeFileSync(path.join(app, 'esm.mjs'), ESM)
  writeFileSync(path.join(app, 'cjs.cjs'), CJS)
  const cli = path.join(app, 'node_modules', 'canopy-engine', 'dist', 'cli', 'main.js')
  for (const [args, expected] of [
    [['esm.mjs'], /found/],
    [['cjs.cjs'], /found/],
    [[cli, 'search', 'notes', 'hot water', '--dir', 'data'], /Green tea/],
    [[cli, 'doctor', '--set', 'server.port=0'], /ok +native core/],
  ]) {
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: app, env, encoding: 'utf8' })
    if (status !== 0 || !expected.test(stdout)) throw new Error(`${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
  }
}
