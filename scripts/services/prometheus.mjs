import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { aptKnow } from '../lib/apt.mjs'
import { run, version } from '../lib/run.mjs'
import { Missing } from '../lib/say.mjs'
import { check, home, once, sha256 } from './lib.mjs'

/** Debian's packages of the releases that were looked at. Others are trusted as apt trusts them: by the archive's signature. */
const SUMS = { 'prometheus_2.42.0+ds-5+deb12u1_amd64.deb': '81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55' }
const PROGRAMS = ['prometheus', 'promtool']

/** No server: a folder with the programs prometheus and promtool, since each test scrapes a server of its own. */
export const prometheus = {
  platforms: ['linux', 'darwin'],
  async up() {
    const folder = home('prometheus')
    const own = PROGRAMS.every((name) => version(name) !== undefined) ? process.env.PATH.split(path.delimiter).find((place) => PROGRAMS.every((name) => existsSync(path.join(place, name)))) : undefined
    if (own !== undefined) return { url: own }
    if (process.platform !== 'linux' || version('apt-get') === undefined) throw new Missing('prometheus and promtool are not found: install them with the package manager of this system (`brew install prometheus`, `apk add prometheus`, `dnf install prometheus`)')
    await once(folder, unpacked)
    return { url: path.join(folder, 'root', 'usr', 'bin') }
  },
  healthy: async ({ url }) => PROGRAMS.every((name) => existsSync(path.join(url, name))),
  async down() {},
}

/** Debian's package, fetched by apt (which checks its signature) and only unpacked: nothing is installed, nothing starts by itself. */
async function unpacked(folder) {
  try {
    await aptKnow('prometheus')
    await run('apt-get', ['download', '-qq', 'prometheus'], { cwd: folder, quiet: true })
  } catch (error) {
    throw new Missing(`promtool is not found and apt-get can't download it; run \`apt-get update\`, or install the package prometheus.\n${error.message}`)
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    // apt escapes what may not stand in the name of a file.
    const known = SUMS[decodeURIComponent(file)]
    if (known !== undefined) check(file, sha256(path.join(folder, file)), known)
    await run('dpkg', ['-x', path.join(folder, file), path.join(folder, 'root')], { quiet: true })
    rmSync(path.join(folder, file))
  }
  const lacking = PROGRAMS.find((name) => version(path.join(folder, 'root', 'usr', 'bin', name)) === undefined)
  if (lacking !== undefined) throw new Error(`Debian's package holds no ${lacking} that runs`)
}
