// The package of one platform: its prebuilt binary and a manifest that says where it fits.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Every platform that a release must have. */
export const PLATFORMS = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl', 'darwin-x64', 'darwin-arm64', 'win32-x64-msvc']
const LIBC = { gnu: 'glibc', musl: 'musl' }

/** The binary's name. */
export const binary = (platform) => `canopy.${platform}.node`
/** The package's name. */
export const packageName = (platform) => `@canopy-engine/${platform}`

/** Writes the package into `out`; `from` is the folder with the binary. */
export function makePackage(platform, from, out, { version, license, repository, engines }) {
  const [os, cpu, libc] = platform.split('-')
  mkdirSync(out, { recursive: true })
  const manifest = {
    name: packageName(platform),
    version,
    description: `The native core of canopy-engine for ${platform}`,
    license,
    repository,
    engines,
    os: [os],
    cpu: [cpu],
    ...(LIBC[libc] === undefined ? {} : { libc: [LIBC[libc]] }),
    main: binary(platform),
    files: [binary(platform)],
  }
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  copyFileSync(path.join(from, binary(platform)), path.join(out, binary(platform)))
}
