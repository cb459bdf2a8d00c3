import type { ExecutionContext } from 'ava'
import { loadConfig } from '../../ts/config/load.js'
import { startServer, type Running } from '../../ts/server/start.js'
import { digest } from './keys.js'
import { folder } from './temp.js'

/** What came back. */
export interface Answer {
  status: number
  headers: Headers
  text: string
  // Each test says by its assertions what it expects inside.
  json: { [key: string]: unknown } & { code?: string; message?: string }
}

/** A server on a free port with a folder of its own. */
export interface Served extends Running {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** Settings that hold digests; tests name the keys. */
const DIGESTED = ['auth.keys', 'auth.readOnlyKeys']

/** Starts a server that stops after the test. `flags` are settings by dotted key; keys are digested here. */
export async function serve(t: ExecutionContext, flags: Record<string, unknown> = {}): Promise<Served> {
  const stored = Object.fromEntries(DIGESTED.flatMap((name) => (Array.isArray(flags[name]) ? [[name, (flags[name] as string[]).map(digest)]] : [])))
  const { config } = loadConfig({ env: {}, cwd: '/', flags: { 'data.dir': await folder(t), 'server.port': 0, 'log.level': 'silent', 'server.maxEventLoopDelayMs': 0, ...flags, ...stored } })
  const running = await startServer(config, { signals: false })
  t.teardown(() => running.stop())
  return { ...running, call: (method, path, body, headers) => call(`${running.url}${path}`, method, body, headers) }
}

/** Sends JSON, or bytes and strings as they are. */
export async function call(url: string, method: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

function parsed(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json']
  } catch {
    return {}
  }
}
