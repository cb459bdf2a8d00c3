import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { when } from '../helpers/when.js'

interface Component {
  'bom-ref': string
  type: string
  name: string
  version?: string
  purl?: string
  licenses?: Array<{ expression?: string; license?: { id?: string; name?: string } }>
  hashes?: Array<{ content: string }>
}

interface Bom {
  bomFormat: string
  specVersion: string
  metadata: { component: Component }
  components: Component[]
  dependencies: Array<{ ref: string; dependsOn?: string[] }>
}

/** Licences that ask for no more than to be named, or, MPL-2.0 (per file), for changes of those very files. */
const LICENCES = /^(MIT|MIT-0|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|Apache-2\.0 WITH LLVM-exception|BSL-1\.0|CC0-1\.0|MPL-2\.0|Unicode-3\.0|Unlicense|Zlib|BlueOak-1\.0\.0|Python-2\.0)$/

/** Whether one of the choices that a licence gives is fine in all its parts. */
function allowed(licence: string): boolean {
  return licence.replaceAll(/[()]/g, '').split(' OR ').some((choice) => choice.split(' AND ').every((part) => LICENCES.test(part.trim())))
}

test('the bill of materials names every package, crate and model, and no licence that binds who uses it', async (t) => {
  const { sbom } = (await import(pathToFileURL(path.resolve('scripts/lib/sbom.mjs')).href)) as { sbom: () => Promise<Bom> }
  const bom = await sbom()
  t.is(bom.bomFormat, 'CycloneDX')
  const references = [bom.metadata.component, ...bom.components].map((component) => component['bom-ref'])
  t.is(new Set(references).size, references.length)
  for (const { ref, dependsOn = [] } of bom.dependencies) for (const reference of [ref, ...dependsOn]) t.true(references.includes(reference), reference)
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  for (const [name, version] of Object.entries(dependencies)) t.true(references.includes(`pkg:npm/${name.replace('@', '%40')}@${version}`), name)
  for (const crate of ['canopy-node', 'canopy-ann', 'rusqlite', 'napi', 'quick-xml']) t.true(references.some((reference) => reference.startsWith(`pkg:cargo/${crate}@`)), crate)
  // What only tests and benches need isn't shipped.
  for (const name of ['criterion', 'proptest', 'ava']) t.false(references.some((reference) => reference.includes(`${name}@`)), name)
  t.is(bom.components.filter(({ type }) => type === 'machine-learning-model').length, readdirSync('models').filter((file) => file.endsWith('.canopy-model')).length)
  for (const { name, licenses = [] } of bom.components) {
    t.true(licenses.length > 0, `${name} has no licence`)
    for (const { expression, license } of licenses) t.true(allowed(expression ?? license?.id ?? license?.name ?? ''), `${name}: ${expression ?? license?.id ?? license?.name}`)
  }
})

test('nothing of ours runs when it is installed, and every version is exact', (t) => {
  const { scripts, dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<'scripts' | 'dependencies' | 'devDependencies', Record<string, string>>
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'prepublishOnly']) t.false(name in scripts, name)
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) t.regex(version, /^\d+\.\d+\.\d+$/, name)
})

// A core that was built in a hurry is half as large again.
when(process.env['CARGO_PROFILE_RELEASE_LTO'] !== 'off')('the native core keeps to its budget of 25 MB', (t) => {
  const addons = readdirSync('native').filter((file) => file.endsWith('.node'))
  t.true(addons.length > 0)
  for (const file of addons) t.true(statSync(path.join('native', file)).size <= 25e6, `${file}: ${statSync(path.join('native', file)).size} bytes`)
})

test('what is published is built for every platform, with provenance', (t) => {
  const release = readFileSync('.github/workflows/release.yml', 'utf8')
  const prebuilt = readFileSync('.github/workflows/prebuilt.yml', 'utf8')
  const [, list = ''] = /const PLATFORMS = \[([^\]]+)\]/.exec(readFileSync('scripts/lib/platforms.mjs', 'utf8')) ?? []
  const platforms = [...list.matchAll(/'([^']+)'/g)].map(([, platform = '']) => platform)
  t.is(platforms.length, 7)
  for (const platform of platforms) t.true(prebuilt.includes(`platform: ${platform},`), platform)
  t.regex(release, /id-token: write/)
  for (const line of release.split('\n').filter((line) => line.includes('npm publish'))) t.true(line.includes('--provenance'), line)
  t.regex(release, /npm run sbom/)
})

test('the loader says what it tried where there is no binary', (t) => {
  const script = `import(${JSON.stringify(pathToFileURL(path.resolve('dist/index.js')).href)}).then(({ open }) => open('x')).catch((error) => console.log(error.code, error.message))`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { ...process.env, CANOPY_NATIVE_PATH: '/nowhere/canopy.node' } })
  t.regex(stdout, /^NATIVE_MISSING .*\/nowhere\/canopy\.node/s)
})
