import { cpSync, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { run } from '../lib/run.mjs'
import { alive, check, detach, end, freePort, home, listening, need, once, until } from './lib.mjs'

const VERSION = 'v2.12.0'
const SUM = 'h1:d1x++lYZg/zijXPPcv7PH0MvHMzEI5aX/YuUi/Sw+yg='
const WORD = `toxiproxy-${VERSION}`

/** Toxiproxy, built from the module proxy that Go is set to: latency, resets and cuts between us and a server. */
export const toxiproxy = {
  platforms: ['linux', 'darwin'],
  async up() {
    const program = await built()
    const port = await freePort()
    const log = home('toxiproxy', `log-${port}`)
    const pid = await detach(program, ['-host', '127.0.0.1', '-port', String(port)], { log })
    await until(() => listening(port), { seconds: 20, pid, word: WORD, log, what: 'Toxiproxy' })
    return { url: `http://127.0.0.1:${port}`, port, pid }
  },
  healthy: async ({ pid, port }) => alive(pid, WORD) && listening(port),
  down: ({ pid }) => end(pid, WORD),
}

async function built() {
  const folder = home('toxiproxy', VERSION)
  const program = path.join(folder, WORD)
  await once(folder, async () => {
    need('go', 'Toxiproxy is built from its source. Install Go from https://go.dev, or your system’s package (golang).', ['version'])
    const module = `github.com/Shopify/toxiproxy/v2@${VERSION}`
    const { output } = await run('go', ['mod', 'download', '-json', module], { quiet: true, env: { GOFLAGS: '-modcacherw' }, cwd: folder })
    const { Dir: source, Sum: sum } = JSON.parse(output.slice(output.indexOf('{')))
    check(module, sum, SUM)
    // A copy, so that its go.sum decides what it is built from.
    const copy = path.join(folder, 'source')
    cpSync(source, copy, { recursive: true })
    await run('chmod', ['-R', 'u+w', copy], { quiet: true })
    await run('go', ['build', '-trimpath', '-o', program, './cmd/server'], { quiet: true, cwd: copy, env: { GOFLAGS: '-mod=readonly -modcacherw', CGO_ENABLED: '0' } })
    rmSync(copy, { recursive: true, force: true })
    if (!existsSync(program)) throw new Error('go built no Toxiproxy')
  })
  return program
}
