import { randomUUID } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { at } from './services.js'

/** A proxy in front of a server, whose connection a test may slow down, reset or cut. */
export interface Proxy {
  port: number
  /** A fault, by Toxiproxy's name for it. Answers how to take it away. */
  add(type: string, attributes: Record<string, number>, stream?: 'upstream' | 'downstream'): Promise<() => Promise<void>>
  /** Cuts every connection and refuses new ones, or lets them in again. */
  enable(enabled: boolean): Promise<void>
}

/** A proxy in front of a port of this machine, gone after the test. */
export async function proxy(t: ExecutionContext, upstream: number): Promise<Proxy> {
  const name = randomUUID()
  const { listen } = (await ask('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream: `127.0.0.1:${upstream}`, enabled: true })) as { listen: string }
  t.teardown(async () => void (await ask('DELETE', `/proxies/${name}`)))
  return {
    port: Number(listen.split(':').at(-1)),
    async add(type, attributes, stream = 'downstream') {
      const toxic = randomUUID()
      await ask('POST', `/proxies/${name}/toxics`, { name: toxic, type, stream, attributes })
      return async () => void (await ask('DELETE', `/proxies/${name}/toxics/${toxic}`))
    },
    async enable(enabled) {
      await ask('POST', `/proxies/${name}`, { enabled })
    },
  }
}

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${at('toxiproxy')}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  if (!response.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${response.status} ${await response.text()}`)
  return response.status === 204 ? undefined : response.json()
}
