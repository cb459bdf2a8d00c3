import { spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { eventually } from './eventually.js'
import { at } from './services.js'
import { folder } from './temp.js'

/** The rules, their replays and the example of a configuration. */
export const DEPLOYED = path.resolve('deploy', 'prometheus')

/** Runs promtool; what it said. */
export function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(path.join(at('prometheus'), 'promtool'), args, { encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}` }
}

/** A real Prometheus with our rules that scrapes addresses (`127.0.0.1:7700`) every second; ends with the test. Answers what asks its API. */
export async function scraping(t: ExecutionContext, targets: string[]): Promise<<T>(api: string) => Promise<T>> {
  const dir = await folder(t)
  const port = await freePort()
  await cp(path.join(DEPLOYED, 'canopy.rules.yml'), path.join(dir, 'canopy.rules.yml'))
  await mkdir(path.join(dir, 'data'))
  await writeFile(path.join(dir, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '1s', evaluation_interval: '1s' }, rule_files: ['canopy.rules.yml'], scrape_configs: [{ job_name: 'canopy', static_configs: [{ targets }] }] }))
  const child = spawn(path.join(at('prometheus'), 'prometheus'), [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error', '--enable-feature=exemplar-storage'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  await eventually(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true)
  return async <T>(api: string) => ((await (await fetch(`${url}/api/v1/${api}`)).json()) as { data: T }).data
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
