// Building: packages, the native core, TypeScript. Each does nothing when nothing changed.

import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cmake } from './cmake.mjs'
import { at } from './paths.mjs'
import { run } from './run.mjs'
import { step } from './say.mjs'
import { whenChanged } from './stamp.mjs'
import { triple } from './triple.mjs'

const NATIVE_INPUTS = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'crates', '.cargo']
const TS_INPUTS = ['package.json', 'tsconfig.json', 'tsconfig.cjs.json', 'tsconfig.bench.json', 'ts', 'bench', 'native/index.d.ts']
const PAGE = ['index.html', 'page.css', 'page.js', 'api.js', 'graph.html', 'graph.css', 'graph.js', 'plane.js', 'favicon.svg']
const target = path.resolve(at(), process.env.CARGO_TARGET_DIR ?? 'target')
/** Where the napi macros write the types of what they export, while they are compiled. */
export const typeDefinitions = path.join(target, 'napi-types')
const tsc = at('node_modules', 'typescript', 'bin', 'tsc')

/** `npm ci` when the lock file changed. */
export function packages() {
  return whenChanged('packages', ['package.json', 'package-lock.json'], ['node_modules/.package-lock.json'], () =>
    step('installing npm packages', () => run('npm', ['ci', '--no-audit', '--no-fund'], { quiet: true })),
  )
}

/** The file that the loader looks for first. */
export const addon = `native/canopy.${triple()}.node`

/** `cargo build --release` when a Rust source changed, and the library put where the loader finds it. */
export function native() {
  return whenChanged('native', NATIVE_INPUTS, [addon, path.relative(at(), typeDefinitions)], () =>
    step('building the native core with cargo (a few minutes the first time)', async () => {
      await cmake()
      await run('cargo', ['build', '--release', '--locked', '-p', 'canopy-node'], { quiet: !process.stdout.isTTY, env: macroEnvironment() })
      placeAddon(path.join(target, 'release'))
    }),
  )
}

/** Tells the napi macros where to write; they are expanded anew where what they wrote is gone. */
function macroEnvironment() {
  const written = existsSync(typeDefinitions) && readdirSync(typeDefinitions).length > 0
  mkdirSync(typeDefinitions, { recursive: true })
  return { NAPI_TYPE_DEF_TMP_FOLDER: typeDefinitions, ...(written ? {} : { NAPI_FORCE_BUILD_CANOPY_NODE: String(Date.now()) }) }
}

/** Copies what cargo built to its name in native/. */
export function placeAddon(folder) {
  const library = { win32: 'canopy_node.dll', darwin: 'libcanopy_node.dylib' }[process.platform] ?? 'libcanopy_node.so'
  mkdirSync(at('native'), { recursive: true })
  // A new file, not new content of the old one: a process may have that mapped.
  rmSync(at(addon), { force: true })
  copyFileSync(path.join(folder, library), at(addon))
}

/** Compiles ts/ to dist/ (ESM) and dist/cjs/ (CommonJS), and bench/ to dist/bench/. */
export function typescript() {
  return whenChanged('typescript', TS_INPUTS, ['dist/index.js', 'dist/cjs/index.js', 'dist/cli/main.js', 'dist/server/page/index.html'], () =>
    step('compiling TypeScript', async () => {
      rmSync(at('dist'), { recursive: true, force: true })
      await run(process.execPath, [tsc, '-p', 'tsconfig.json'], { quiet: true })
      await run(process.execPath, [tsc, '-p', 'tsconfig.cjs.json'], { quiet: true })
      writeFileSync(at('dist', 'cjs', 'package.json'), '{ "type": "commonjs" }\n')
      copyPage('dist')
      chmodSync(at('dist', 'cli', 'main.js'), 0o755)
      if (existsSync(at('bench')) && readdirSync(at('bench')).some((file) => file.endsWith('.ts'))) await run(process.execPath, [tsc, '-p', 'tsconfig.bench.json'], { quiet: true })
    }),
  )
}

/** Compiles ts/ and tests/ to build/, where the tests run. */
export function tests() {
  return whenChanged('tests', [...TS_INPUTS, 'tsconfig.tests.json', 'tests'], ['build/ts/index.js', 'build/ts/server/page/index.html'], () =>
    step('compiling the tests', async () => {
      rmSync(at('build'), { recursive: true, force: true })
      await run(process.execPath, [tsc, '-p', 'tsconfig.tests.json'], { quiet: true })
      copyPage('build/ts')
    }),
  )
}

function copyPage(out) {
  mkdirSync(at(out, 'server', 'page'), { recursive: true })
  for (const file of PAGE) cpSync(at('ts', 'server', 'page', file), at(out, 'server', 'page', file))
}
