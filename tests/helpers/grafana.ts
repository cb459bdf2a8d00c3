import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { ExecutionContext } from 'ava'

type Dashboard = Record<string, unknown> & { id?: number | null; uid?: string; title?: string; version?: number }

/** What a request is refused with, in Grafana's words. */
class Refusal extends Error {
  readonly status: number
  readonly reason: string | undefined

  constructor(status: number, message: string, reason?: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/** Grafana's API of dashboards and folders, as its documentation has it: no server can be had here, so this one enforces the contract. */
export interface Contract {
  url: string
  dashboards: Map<string, { dashboard: Dashboard & { version: number }; folderUid: string; messages: string[] }>
  folders: Map<string, string>
  /** Requests that were answered, `POST /api/dashboards/db 200`. */
  seen: string[]
  /** Answers the next requests before anything is done (a status), or after it was done without saying so ("lost"). */
  faults: Array<{ status?: number; lost?: boolean; headers?: Record<string, string> }>
  /** What happens before a dashboard is stored: somebody else is quicker. */
  meanwhile: (() => void) | undefined
}

export const TOKEN = 'glsa_the-token-of-the-test'

/** Starts one that ends with the test. */
export async function grafana(t: ExecutionContext): Promise<Contract> {
  const contract: Contract = { url: '', dashboards: new Map(), folders: new Map(), seen: [], faults: [], meanwhile: undefined }
  const server = http.createServer((request, response) => void serve(contract, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  contract.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/grafana`
  return contract
}

async function serve(contract: Contract, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const send = (status: number, body: object, headers: Record<string, string> = {}): void => {
    contract.seen.push(`${request.method} ${request.url?.replace('/grafana', '')} ${status}`)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const fault = contract.faults.shift()
  if (fault?.status !== undefined) return send(fault.status, { message: 'not now' }, fault.headers)
  try {
    const body = request.method === 'POST' ? await sent(request) : {}
    const answer = answered(contract, request, body)
    if (fault?.lost === true) return void request.socket.destroy()
    send(200, answer)
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, String(error))
    send(refusal.status, { message: refusal.message, ...(refusal.reason === undefined ? {} : { status: refusal.reason }) })
  }
}

async function sent(request: http.IncomingMessage): Promise<Record<string, unknown>> {
  if (request.headers['content-type']?.startsWith('application/json') !== true) throw new Refusal(400, 'bad request data')
  return (await json(request).catch(() => {
    throw new Refusal(400, 'bad request data')
  })) as Record<string, unknown>
}

function answered(contract: Contract, { method, url = '', headers }: http.IncomingMessage, body: Record<string, unknown>): object {
  if (headers.authorization !== `Bearer ${TOKEN}`) throw new Refusal(401, 'Invalid API key')
  const [, kind, uid] = /^\/grafana\/api\/(dashboards\/uid|folders|dashboards\/db)(?:\/([^/]+))?$/.exec(url) ?? []
  if (method === 'GET' && kind === 'dashboards/uid') return read(contract, decodeURIComponent(uid ?? ''))
  if (method === 'GET' && kind === 'folders') {
    if (!contract.folders.has(uid ?? '')) throw new Refusal(404, 'folder not found')
    return { uid, title: contract.folders.get(uid ?? '') }
  }
  if (method === 'POST' && kind === 'folders') return makeFolder(contract, body)
  if (method === 'POST' && kind === 'dashboards/db') return save(contract, body)
  throw new Refusal(404, 'Not found')
}

function read({ dashboards }: Contract, uid: string): object {
  const found = dashboards.get(uid)
  if (found === undefined) throw new Refusal(404, 'Dashboard not found')
  return { dashboard: found.dashboard, meta: { folderUid: found.folderUid, url: `/d/${uid}`, version: found.dashboard.version } }
}

function makeFolder({ folders }: Contract, { uid, title }: Record<string, unknown>): object {
  if (typeof title !== 'string' || title === '') throw new Refusal(400, 'folder title cannot be empty')
  if (typeof uid !== 'string' || !/^[\w-]{1,40}$/.test(uid)) throw new Refusal(400, 'uid contains illegal characters')
  if (folders.has(uid)) throw new Refusal(412, 'the folder has been changed by someone else', 'version-mismatch')
  folders.set(uid, title)
  return { uid, title }
}

function save(contract: Contract, { dashboard, folderUid, message, overwrite }: { dashboard?: Dashboard; folderUid?: string; message?: string; overwrite?: boolean }): object {
  contract.meanwhile?.()
  if (dashboard === undefined || typeof dashboard !== 'object') throw new Refusal(400, 'bad request data')
  const { uid = '', title = '', id = null, version = 0 } = dashboard
  if (title.trim() === '') throw new Refusal(400, 'Dashboard title cannot be empty', 'empty-name')
  if (!/^[\w-]{1,40}$/.test(uid)) throw new Refusal(400, 'uid contains illegal characters')
  if (folderUid === undefined || !contract.folders.has(folderUid)) throw new Refusal(400, 'folder not found')
  const there = contract.dashboards.get(uid)
  if (there === undefined && id !== null) throw new Refusal(404, 'Dashboard not found', 'not-found')
  if (there !== undefined && overwrite !== true && there.dashboard.version !== version) throw new Refusal(412, 'The dashboard has been changed by someone else', 'version-mismatch')
  const namesake = [...contract.dashboards.values()].find((other) => other.dashboard.uid !== uid && other.folderUid === folderUid && other.dashboard.title === title)
  if (namesake !== undefined && overwrite !== true) throw new Refusal(412, 'A dashboard with the same name in the folder already exists', 'name-exists')
  const next = (there?.dashboard.version ?? 0) + 1
  contract.dashboards.set(uid, { dashboard: { ...dashboard, id: there?.dashboard.id ?? contract.dashboards.size + 1, version: next }, folderUid, messages: [...(there?.messages ?? []), message ?? ''] })
  return { id: 1, uid, url: `/d/${uid}/${uid}`, status: 'success', version: next, slug: uid }
}
