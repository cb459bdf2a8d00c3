import { DelegateBackoff, handleWhen, retry, type IRetryBackoffContext } from 'cockatiel'
import { CanopyError } from '../engine/error.js'
import type { Json } from '../engine/json.js'

/** A dashboard in Grafana's JSON. */
export type DashboardJson = { uid: string; title: string } & { [key: string]: Json }

/** Where Grafana is. */
export interface GrafanaOptions {
  /** `https://grafana.example`, with a path where it is served below one. */
  url: string
  /** A service account's token that may write dashboards and folders. */
  token: string
  /** Attempts after the first, on time-outs, 429 and 5xx. Default 4. */
  retries?: number | undefined
  /** For one attempt. Default 15 s. */
  timeoutMs?: number | undefined
  /** The first wait, at most; each next one is twice as long, up to 10 s. Default 250 ms. */
  waitMs?: number | undefined
}

/** A dashboard as Grafana has it. */
export interface Stored {
  dashboard: DashboardJson & { id: number; version: number }
  meta: { folderUid?: string; url?: string }
}

/** What Grafana answers to a dashboard that it took. */
export interface Saved {
  uid: string
  url: string
  version: number
}

/** What is sent with a dashboard. */
export interface SaveOptions {
  folderUid: string
  /** Shown in the dashboard's history. */
  message: string
  /** Replace it whatever version is there. */
  overwrite: boolean
}

const DEFAULTS = { retries: 4, timeoutMs: 15_000, waitMs: 250 }
const LONGEST_WAIT_MS = 10_000

/** An answer of Grafana's: the status, and the body as far as it is JSON. */
interface Answer {
  status: number
  body: { message?: string; status?: string }
}

/** The part of Grafana's HTTP API that dashboards need. */
export class Grafana {
  readonly #url: URL
  readonly #token: string
  readonly #timeoutMs: number
  readonly #policy

  /** Throws GRAFANA_URL, GRAFANA_TOKEN. */
  constructor({ url, token, retries = DEFAULTS.retries, timeoutMs = DEFAULTS.timeoutMs, waitMs = DEFAULTS.waitMs }: GrafanaOptions) {
    this.#url = address(url)
    if (!/^[\x21-\x7e]+$/.test(token)) throw new CanopyError('GRAFANA_TOKEN', 'invalid_input', 'there is no usable token: set GRAFANA_TOKEN to that of a service account that may write dashboards')
    this.#token = token
    this.#timeoutMs = timeoutMs
    const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ attempt, result }) => {
      const asked = 'error' in result && result.error instanceof CanopyError ? (result.error.retryAfterMs ?? 0) : 0
      // Full jitter: uploads that failed together don't come again together.
      return Math.min(LONGEST_WAIT_MS, asked + Math.random() * waitMs * 2 ** Math.max(0, attempt - 1))
    })
    this.#policy = retry(handleWhen((error) => error instanceof CanopyError && error.kind === 'unavailable'), { maxAttempts: retries, backoff })
  }

  /** A dashboard, or undefined where there is none of this uid. */
  async dashboard(uid: string): Promise<Stored | undefined> {
    const { status, body } = await this.#ask('GET', `api/dashboards/uid/${encodeURIComponent(uid)}`)
    if (status === 404) return undefined
    return taken<Stored>(status, body)
  }

  /** Whether there is a folder of this uid. */
  async hasFolder(uid: string): Promise<boolean> {
    const { status, body } = await this.#ask('GET', `api/folders/${encodeURIComponent(uid)}`)
    if (status === 404) return false
    taken(status, body)
    return true
  }

  /** Makes a folder; one that somebody else made meanwhile is as good. */
  async createFolder(uid: string, title: string): Promise<void> {
    const { status, body } = await this.#ask('POST', 'api/folders', { uid, title })
    if ((status === 409 || status === 412) && (await this.hasFolder(uid))) return
    taken(status, body)
  }

  /** Stores a dashboard. Throws GRAFANA_CONFLICT when another version is there than the dashboard names, or another dashboard of its title. */
  async save(dashboard: DashboardJson, { folderUid, message, overwrite }: SaveOptions): Promise<Saved> {
    const { status, body } = await this.#ask('POST', 'api/dashboards/db', { dashboard, folderUid, message, overwrite })
    if (status === 412) throw new CanopyError('GRAFANA_CONFLICT', 'conflict', conflict(dashboard, body))
    return taken<Saved>(status, body)
  }

  #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    return this.#policy.execute(() => this.#once(method, path, body))
  }

  async #once(method: string, path: string, body: object | undefined): Promise<Answer> {
    const init = { method, headers: { authorization: `Bearer ${this.#token}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const response = await fetch(new URL(path, this.#url), { ...init, redirect: 'manual', signal: AbortSignal.timeout(this.#timeoutMs) }).catch((error: unknown) => {
      throw new CanopyError('GRAFANA_UNREACHABLE', 'unavailable', `Grafana at ${this.#url.origin} can't be reached: ${reason(error)}; check GRAFANA_URL`)
    })
    const text = await response.text().catch(() => '')
    if (response.status === 429 || response.status >= 500) throw unavailable(response, text)
    if (response.status === 401 || response.status === 403) throw new CanopyError('GRAFANA_REFUSED', 'permission', `Grafana answered ${response.status}: the token in GRAFANA_TOKEN is wrong, or its service account may not write dashboards and folders`)
    return { status: response.status, body: parsed(text) }
  }
}

function address(url: string): URL {
  const parsedUrl = URL.canParse(url) ? new URL(url) : undefined
  if (parsedUrl === undefined || !/^https?:$/.test(parsedUrl.protocol) || parsedUrl.username !== '') {
    throw new CanopyError('GRAFANA_URL', 'invalid_input', `the address of Grafana must be an http or https URL without a user, not ${JSON.stringify(url)}: set GRAFANA_URL, such as https://grafana.example`)
  }
  // So that paths are below it.
  parsedUrl.pathname = parsedUrl.pathname.replace(/\/*$/, '/')
  parsedUrl.search = ''
  return parsedUrl
}

function taken<T>(status: number, body: object): T {
  if (status === 200) return body as T
  throw new CanopyError('GRAFANA_ANSWER', 'internal', `Grafana refused with HTTP ${status}: ${(body as { message?: string }).message ?? 'no reason given'}`)
}

function conflict({ title }: DashboardJson, { status, message }: Answer['body']): string {
  if (status === 'name-exists') return `there is another dashboard called ${JSON.stringify(title)} in this folder: delete or rename it, or name another folder`
  if (status === 'plugin-dashboard') return `${JSON.stringify(title)} belongs to a plugin: replace it with --overwrite, or delete it`
  return `${JSON.stringify(title)} was changed by somebody else meanwhile (${message ?? status ?? 'version mismatch'}): look at it with --dry-run, then upload again, or with --overwrite`
}

function unavailable(response: Response, text: string): CanopyError {
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  const error = new CanopyError('GRAFANA_UNREACHABLE', 'unavailable', `Grafana answered ${response.status} ${text.slice(0, 200)}; try again later`)
  return Number.isFinite(seconds) && seconds > 0 ? Object.assign(error, { retryAfterMs: seconds * 1000 }) : error
}

function parsed(text: string): Answer['body'] {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return { message: text.slice(0, 200) }
  }
}

function reason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
