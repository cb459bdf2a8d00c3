import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config/schema.js'
import { HttpError } from '../errors.js'

/** What a route asks of its caller. `open` routes hold no data. */
export type Access = 'open' | 'private' | 'read' | 'write'

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant that the key of this request speaks for. */
    boundTenant: string | undefined
    /** Stands for the key of this request, and tells nothing of it. */
    caller: string | undefined
    /** Whether a key was asked for and found. */
    keyed: boolean
  }
  interface FastifyContextConfig {
    /** Default: `read` for GET, `write` for everything else. `private` answers carry noise: keys of tenants may ask for nothing else. */
    access?: Access
    /** Browsers may send the key as the password of HTTP Basic: for pages that a person opens by address. */
    basic?: boolean
  }
  interface FastifyRequest {
    /** Whether the caller's key may only read. */
    readOnly: boolean
  }
}

/** What stands before the digest of a key in the configuration. */
const STORED = 'sha256:'

type Grant = 'private' | 'read' | 'write'

/**
 * API keys: `Authorization: Bearer KEY` or `X-API-Key: KEY`. Without configured keys everyone on this machine may do everything.
 *
 * `config` may change while the server runs: keys are rotated by naming the new one beside the old one for a while.
 */
export default fp(async (app: FastifyInstance, config: Keys) => {
  const current = latest(config)
  app.decorateRequest('boundTenant', undefined)
  app.decorateRequest('keyed', false)
  app.decorateRequest('readOnly', false)
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const grants = current()
    if (grants.length === 0) return
    const access = neededAccess(request)
    if (access === 'open') return
    const { basic = false } = request.routeOptions.config
    const granted = check(grants, sentKey(request, basic))
    if (granted === undefined) {
      reply.header('www-authenticate', basic ? 'Basic realm="canopy", charset="UTF-8"' : 'Bearer realm="canopy"')
      throw new HttpError('AUTH_REQUIRED', 'this needs an API key: send it as "Authorization: Bearer KEY" or "X-API-Key: KEY"')
    }
    request.keyed = true
    request.caller = granted.digest.toString('hex', 0, 8)
    request.boundTenant = granted.tenant
    if (granted.kind === 'private' && access !== 'private') throw new HttpError('AUTH_PRIVATE_ONLY', 'this API key speaks for a tenant and may ask for private answers only')
    request.readOnly = granted.kind === 'read'
    if (access === 'write' && request.readOnly) throw new HttpError('AUTH_READ_ONLY', 'this API key may only read; use a read-write key')
  })
})

function neededAccess(request: FastifyRequest): Access {
  const byMethod = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write'
  return request.routeOptions.config.access ?? byMethod
}

interface Known {
  digest: Buffer
  kind: Grant
  tenant?: string
}

type Grants = readonly Known[]
type Keys = Pick<Config, 'auth' | 'budget'>

/** The digests of the keys that hold now, made anew when the lists were replaced. */
function latest({ auth: config, budget }: Keys): () => Grants {
  const tenants = Object.entries(budget.tenants).flatMap(([tenant, { keys = [] }]) => keys.map((key) => ({ ...grant(key, 'private'), tenant })))
  let [keys, readOnlyKeys, grants]: [unknown, unknown, Grants] = [undefined, undefined, tenants]
  return () => {
    if (keys !== config.keys || readOnlyKeys !== config.readOnlyKeys) {
      ;[keys, readOnlyKeys] = [config.keys, config.readOnlyKeys]
      grants = [...config.keys.map((key) => grant(key, 'write')), ...config.readOnlyKeys.map((key) => grant(key, 'read')), ...tenants]
    }
    return grants
  }
}

/** A digest opens nothing when it is sent as a key, since what is sent is digested once more. */
function grant(stored: string, kind: Grant): Known {
  return { digest: Buffer.from(stored.slice(STORED.length), 'hex'), kind }
}

/** Digests have one length, so that the comparison takes the same time whatever was sent. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Names who sends a key that holds now, by the key's digest; undefined for everybody else. */
export function identify(config: Keys): (request: FastifyRequest) => string | undefined {
  const current = latest(config)
  return (request) => {
    const grants = current()
    return grants.length === 0 ? undefined : check(grants, sentKey(request, true))?.digest.toString('hex')
  }
}

function check(grants: Grants, key: string | undefined): Known | undefined {
  if (key === undefined) return undefined
  const sent = digest(key)
  let found: Known | undefined
  // Every key is compared, found or not, for the same reason.
  for (const known of grants) if (timingSafeEqual(known.digest, sent)) found ??= known
  return found
}

function sentKey({ headers }: FastifyRequest, basic: boolean): string | undefined {
  const header = headers['x-api-key']
  if (typeof header === 'string') return header
  const [scheme = '', value] = (headers.authorization ?? '').split(' ', 2)
  if (scheme.toLowerCase() === 'bearer') return value
  if (basic && scheme.toLowerCase() === 'basic') return Buffer.from(value ?? '', 'base64').toString().split(':').slice(1).join(':')
  return undefined
}
