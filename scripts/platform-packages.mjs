// Makes a package for each prebuilt binary, and names them all as optional dependencies of the main package.
//   node scripts/platform-packages.mjs FOLDER_WITH_BINARIES

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { at } from './lib/paths.mjs'
import { PLATFORMS, binary, makePackage, packageName } from './lib/platforms.mjs'
import { Missing, main } from './lib/say.mjs'

await main(() => {
  const folder = process.argv[2] ?? 'prebuilt'
  const there = new Set(readdirSync(folder))
  const missing = PLATFORMS.filter((platform) => !there.has(binary(platform)))
  if (missing.length > 0) throw new Missing(`no binary for ${missing.join(', ')} in ${folder}`)
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  for (const platform of PLATFORMS) makePackage(platform, folder, at('npm', platform), manifest)
  // The main package then carries no binary of the machine that publishes it.
  for (const platform of PLATFORMS) rmSync(at('native', binary(platform)), { force: true })
  const optionalDependencies = Object.fromEntries(PLATFORMS.map((platform) => [packageName(platform), manifest.version]))
  writeFileSync(at('package.json'), `${JSON.stringify({ ...manifest, optionalDependencies }, null, 2)}\n`)
})
