import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { open } from 'canopy-engine'
import { loadConfig } from '#dist/config/load.js'
import { startServer } from '#dist/server/start.js'
import { withFolder } from '../paths.js'
import { random } from '../random.js'
import { milliseconds, round, timing } from '../time.js'
import type { Edges } from './data.js'

/** Times of GET /explain on a kept graph, as it stands and each right after a change; half of the nodes are among the first, which are hubs. */
export async function explained({ nodes, sources, targets }: Edges) {
  return withFolder(async (folder) => {
    const file = path.join(folder, 'edges.csv')
    writeFileSync(file, [...sources].map((source, i) => `${source},${targets[i]}\n`).join(''))
    const dir = path.join(folder, 'data')
    const db = await open(dir)
    const load_s = round((await milliseconds(async () => (await db.graphs().create('g')).load(file))) / 1000)
    await db.close()
    const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': dir, 'server.port': 0, 'log.level': 'silent', 'server.maxEventLoopDelayMs': 0 } })
    const server = await startServer(config, { signals: false })
    try {
      const send = async (url: string, init?: RequestInit): Promise<void> => {
        const answer = await fetch(`${server.url}${url}`, init)
        if (!answer.ok) throw new Error(await answer.text())
        await answer.arrayBuffer()
      }
      const ask = (node: number): Promise<number> => milliseconds(() => send(`/explain/${node}?hops=2&limit=50`))
      const first_ms = round(await ask(0))
      const node = (i: number): number => (i % 2 === 0 ? i : (i * 7919) % nodes)
      const still: number[] = []
      for (let i = 0; i < 300; i += 1) still.push(await ask(node(i)))
      const next = random(17)
      const any = (): string => String(Math.floor(next() * nodes))
      const changed: number[] = []
      for (let i = 0; i < 300; i += 1) {
        // New edges at hubs and elsewhere, a new node, an edge gone.
        const edges = [{ source: String(node(i)), target: `new ${i}` }, ...[...Array(6)].map(() => ({ source: any(), target: any() })).filter(({ source, target }) => source !== target)]
        const at = Math.floor(next() * sources.length)
        const batch = { edges, remove: { edges: [{ source: String(sources[at]), target: String(targets[at]) }] } }
        await send('/v1/graphs/g/batch', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(batch) })
        changed.push(await ask(node(i)))
      }
      return { ...timing(still), changed: timing(changed), first_ms, load_s }
    } finally {
      await server.stop()
    }
  })
}
