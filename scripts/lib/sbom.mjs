// What a release is made of, in CycloneDX: the npm packages it needs, the crates in its core, and the models that come along.

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { at } from './paths.mjs'
import { run } from './run.mjs'

const CRATE = 'canopy-node'

/** The whole bill of materials. */
export async function sbom() {
  const { version, license } = read('package.json')
  const root = npmReference('canopy-engine', version)
  const [packages, crates, weights] = [npm(), await cargo(), models()]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: { timestamp: new Date().toISOString(), component: { 'bom-ref': root, type: 'library', name: 'canopy-engine', version, purl: root, licenses: [{ license: { id: license } }] } },
    components: [...packages.components, ...crates.components, ...weights],
    dependencies: [{ ref: root, dependsOn: [...packages.root, crates.root, ...weights.map((model) => model['bom-ref'])] }, ...packages.dependencies, ...crates.dependencies],
  }
}

const read = (file) => JSON.parse(readFileSync(at(file), 'utf8'))
const npmReference = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** What the lock file installs with us. (`npm sbom --omit=dev` leaves out what a package for development needs, too.) */
function npm() {
  const { packages } = read('package-lock.json')
  const nameOf = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const referenceOf = (place) => npmReference(nameOf(place), packages[place].version)
  /** Where a package finds one that it needs: beside itself, or further up. */
  const resolve = (from, name) => {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
      const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
      if (packages[place] !== undefined) return place
      if (folder === '') return undefined
    }
  }
  const needs = (place) => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[place]
    const places = Object.keys({ ...dependencies, ...optionalDependencies, ...(place === '' ? {} : peerDependencies) }).map((name) => resolve(place, name))
    return [...new Set(places.filter((found) => found !== undefined && packages[found].dev !== true).map(referenceOf))].toSorted()
  }
  const places = Object.keys(packages).filter((place) => place !== '' && packages[place].dev !== true)
  const byReference = new Map(places.map((place) => [referenceOf(place), place]))
  return {
    root: needs(''),
    components: [...byReference].map(([ref, place]) => {
      const { version, license, integrity = '' } = packages[place]
      return {
        'bom-ref': ref,
        type: 'library',
        name: nameOf(place),
        version,
        ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
        purl: ref,
        ...(integrity.startsWith('sha512-') ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }] } : {}),
      }
    }),
    dependencies: [...byReference].map(([ref, place]) => ({ ref, dependsOn: needs(place) })),
  }
}

/** Crates that are compiled into the core, for any platform: not what only builds or tests need. */
async function cargo() {
  const { output } = await run('cargo', ['metadata', '--locked', '--format-version', '1', '--quiet'], { quiet: true })
  const { packages, resolve } = JSON.parse(output.slice(output.indexOf('{"packages')))
  const known = new Map(packages.map((one) => [one.id, one]))
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
  const root = packages.find(({ name }) => name === CRATE).id
  const reached = new Set()
  const linked = (id) => nodes.get(id).deps.filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind === null)).map(({ pkg }) => pkg)
  const queue = [root]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (reached.has(id)) continue
    reached.add(id)
    queue.push(...linked(id))
  }
  const all = [...reached].map((id) => known.get(id)).toSorted((a, b) => (reference(a) < reference(b) ? -1 : 1))
  return {
    root: reference(known.get(root)),
    components: all.map(component),
    dependencies: all.map((one) => ({ ref: reference(one), dependsOn: [...new Set(linked(one.id).map((id) => reference(known.get(id))))].toSorted() })),
  }
}

const reference = ({ name, version }) => `pkg:cargo/${name}@${version}`

function component(one) {
  const checksum = checksums().get(`${one.name} ${one.version}`)
  return {
    'bom-ref': reference(one),
    type: 'library',
    name: one.name,
    version: one.version,
    ...(one.description ? { description: one.description.trim() } : {}),
    ...(one.license ? { licenses: [{ expression: one.license.replaceAll('/', ' OR ') }] } : {}),
    purl: reference(one),
    ...(checksum === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: checksum }] }),
  }
}

let locked
/** What Cargo.lock says each crate's archive hashes to. */
function checksums() {
  locked ??= new Map([...readFileSync(at('Cargo.lock'), 'utf8').matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g)].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]))
  return locked
}

/** Weights are part of what is installed, so they are named with their hashes. */
function models() {
  const folder = at('models')
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => statSync(path.join(folder, name)).isFile() && !name.endsWith('.md') && !name.startsWith('LICENSE')).toSorted().map((name) => ({
    'bom-ref': `model:${name}`,
    type: 'machine-learning-model',
    name,
    // models/README.md says whose they are.
    licenses: [{ license: { id: 'Apache-2.0' } }],
    hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(path.join(folder, name))).digest('hex') }],
  }))
}
