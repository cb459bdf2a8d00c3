// Makes a package for each prebuilt binary, and names them all as optional dependencies of the main package.
//   node scripts/platform-packages.mjs FOLDER_WITH_BINARIES

import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { at } from './lib/paths.mjs'
import { Missing, main } from './lib/say.mjs'

/** Every platform that a release must have. */
const PLATFORMS = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl', 'darwin-x64', 'darwin-arm64', 'win32-x64-msvc']
const LIBC = { gnu: 'glibc', musl: 'musl' }

await main(() => {
  const folder = process.argv[2] ?? 'prebuilt'
  const there = new Set(readdirSync(folder))
  const missing = PLATFORMS.filter((platform) => !there.has(file(platform)))
  if (missing.length > 0) throw new Missing(`no binary for ${missing.join(', ')} in ${folder}`)
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  PLATFORMS.forEach((platform) => make(platform, folder, manifest))
  // The main package then carries no binary of the machine that publishes it.
  for (const platform of PLATFORMS) rmSync(at('native', file(platform)), { force: true })
  const optionalDependencies = Object.fromEntries(PLATFORMS.map((platform) => [`@canopy-engine/${platform}`, manifest.version]))
  writeFileSync(at('package.json'), `${JSON.stringify({ ...manifest, optionalDependencies }, null, 2)}\n`)
})

const file = (platform) => `canopy.${platform}.node`

function make(platform, folder, { version, license, repository, engines }) {
  const [os, cpu, libc] = platform.split('-')
  const out = at('npm', platform)
  mkdirSync(out, { recursive: true })
  const manifest = {
    name: `@canopy-engine/${platform}`,
    version,
    description: `The native core of canopy-engine for ${platform}`,
    license,
    repository,
    engines,
    os: [os],
    cpu: [cpu],
    ...(LIBC[libc] === undefined ? {} : { libc: [LIBC[libc]] }),
    main: file(platform),
    files: [file(platform)],
  }
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  copyFileSync(path.join(folder, file(platform)), path.join(out, file(platform)))
}
