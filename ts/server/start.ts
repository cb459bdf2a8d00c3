import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Loaded } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { watchConfig } from '../config/watch.js'
import { computeDevice } from '../engine/compute.js'
import { CanopyError } from '../engine/error.js'
import { onLog } from '../engine/log.js'
import type { AnyDatabase } from '../stores/any.js'
import { buildApp } from './app.js'
import { listenError } from './errors.js'
import { openConfigured } from './database.js'

/** A server that listens. */
export interface Running {
  app: FastifyInstance
  db: AnyDatabase
  /** `http://127.0.0.1:7700` */
  url: string
  /** Stops accepting, waits for running requests, closes the database. */
  stop(): Promise<void>
}

/** The configuration that a server was started with, and how it is read again. */
export interface Follow {
  loaded: Loaded
  load: () => Loaded
}

/** How a server is started. */
export interface StartOptions {
  /** Whether SIGTERM and SIGINT stop it; default true. */
  signals?: boolean
  /** An open database instead of the one that the configuration names. */
  db?: AnyDatabase
  /** Take over changes of the configuration file. */
  follow?: Follow
}

/**
 * Opens the database, listens, and arranges for a graceful stop on SIGTERM and SIGINT.
 *
 * Throws PORT_IN_USE, HOST_UNKNOWN, AUTH_KEY_NEEDED, or what opening throws.
 */
export async function startServer(config: Config, { signals = true, db: opened, follow }: StartOptions = {}): Promise<Running> {
  checkExposure(config)
  const db = opened ?? (await openConfigured(config))
  const app = await buildApp(db, config).catch(async (error: unknown) => {
    await db.close()
    throw error
  })
  app.addHook('onClose', () => db.close())
  const unheard = onLog(({ level, message, ...fields }) => app.log[level](fields, message))
  app.addHook('onClose', async () => unheard())
  if (signals) handleSignals(app, config)
  if (follow !== undefined) followConfig(app, follow)
  try {
    const url = await listen(app, config)
    app.log.info({ compute: await computeDevice() }, 'the device for work that a GPU does sooner')
    return { app, db, url, stop: () => stop(app, config) }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Takes over settings that may change, as the configuration file does. */
function followConfig(app: FastifyInstance, { loaded, load }: Follow): void {
  const close = watchConfig(loaded, load, {
    check: checkExposure,
    reloaded: (reload) => {
      app.log.level = loaded.config.log.level
      app.log.info(reload, 'the configuration changed')
    },
    refused: ({ code, message }) => app.log.error({ code }, `the changed configuration is refused, the old one stays: ${message}`),
  })
  app.addHook('onClose', async () => close())
}

/** Beyond this machine only with a key. */
function checkExposure({ server, auth }: Config): void {
  const loopback = server.host === 'localhost' || server.host === '::1' || server.host.startsWith('127.')
  if (loopback || auth.keys.length + auth.readOnlyKeys.length > 0) return
  throw new CanopyError('AUTH_KEY_NEEDED', 'invalid_input', `binding ${server.host} would show the data to the network: set an API key first (\`canopy key create\` makes one, its digest goes into auth.keys or CANOPY_AUTH_KEYS), or bind 127.0.0.1`)
}

async function listen(app: FastifyInstance, { server: { host, port } }: Config): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, { host, port })
  }
}

/** Closes within the grace period; what still runs then is cut off, and the store is safe anyway. */
async function stop(app: FastifyInstance, { server: { shutdownMs } }: Config): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), shutdownMs)
  await app.close()
  clearTimeout(cut)
}

function handleSignals(app: FastifyInstance, config: Config): void {
  const grace = closeWithGrace({ delay: config.server.shutdownMs + 1_000, logger: app.log }, async ({ signal, err }) => {
    if (err !== undefined) app.log.error({ err }, 'stopping after an error')
    else app.log.info({ signal }, 'stopping')
    await stop(app, config)
  })
  app.addHook('onClose', () => grace.uninstall())
}
