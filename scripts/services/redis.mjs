import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { aptKnow } from '../lib/apt.mjs'
import { run, version } from '../lib/run.mjs'
import { Missing } from '../lib/say.mjs'
import { alive, detach, end, freePort, home, listening, once, until } from './lib.mjs'

const WORD = 'redis-server'

/** A real Redis: the one on the PATH, or Debian's packages unpacked beside our other downloads. */
export const redis = {
  platforms: ['linux', 'darwin'],
  async up() {
    const { program, env } = await installed()
    const port = await freePort()
    const folder = home('redis', `data-${port}`)
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, 'redis.conf')
    // Everything is in the log before it is acknowledged, so that a test may kill the server and count afterwards.
    writeFileSync(file, `bind 127.0.0.1\nport ${port}\ndir ${folder}\nsave ""\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n`)
    const log = path.join(folder, 'log')
    const pid = await detach(program, [file], { log, env })
    await until(() => listening(port), { seconds: 20, pid, word: WORD, log, what: 'Redis' })
    return { url: `redis://127.0.0.1:${port}`, port, pid, folder }
  },
  healthy: async ({ pid, port }) => alive(pid, WORD) && listening(port),
  down: ({ pid }) => end(pid, WORD),
}

async function installed() {
  if (version('redis-server') !== undefined) return { program: 'redis-server', env: {} }
  const folder = home('redis', 'packages')
  if (process.platform !== 'linux' || version('apt-get') === undefined) throw new Missing('redis-server is not found: install it with the package manager of this system (`brew install redis`, `apk add redis`, `dnf install redis`)')
  await once(folder, unpacked)
  const program = path.join(folder, 'root', 'usr', 'bin', 'redis-server')
  const libraries = readdirSync(path.join(folder, 'root', 'usr', 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, 'root', 'usr', 'lib', name))
  return { program, env: { LD_LIBRARY_PATH: libraries.join(':') } }
}

/** Debian's packages of the server and of what it links to, fetched by apt (which checks their signatures) and only unpacked: nothing is installed, nothing starts by itself. */
async function unpacked(folder) {
  await aptKnow('redis-server')
  const { output } = await run('apt-cache', ['depends', '--recurse', '--no-recommends', '--no-suggests', '--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances', 'redis-server'], { quiet: true, check: false })
  const needed = output.split('\n').filter((line) => /^(redis|lib)[\w.+-]*$/.test(line))
  const packages = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...needed], { quiet: true, check: false })
  const present = new Set(packages.output.split('\n').filter((line) => line.endsWith(' installed')).map((line) => line.split(' ', 1)[0]))
  const linked = needed.filter((name) => !present.has(name) && /^(redis|libjemalloc|liblua|liblzf|libhiredis|libatomic|libssl|libsystemd)/.test(name))
  try {
    await run('apt-get', ['download', '-qq', ...linked], { cwd: folder, quiet: true })
  } catch (error) {
    throw new Missing(`redis-server is not found and apt-get can't download it; run \`apt-get update\`, or install the package redis-server.\n${error.message}`)
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) await run('dpkg', ['-x', path.join(folder, file), path.join(folder, 'root')], { quiet: true })
  if (!existsSync(path.join(folder, 'root', 'usr', 'bin', 'redis-server'))) throw new Error(`the packages ${linked.join(', ')} hold no redis-server`)
}
