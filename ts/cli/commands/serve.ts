import type { Command } from 'commander'
import { settings } from '../../config/schema.js'
import { integer } from '../input.js'
import { print, report, table } from '../output.js'
import { placeOf, withoutSecrets } from '../../server/database.js'
import { configuration, globals } from '../session.js'

interface ServeOptions {
  host?: string
  port?: number
  apiKey?: string
  readOnlyKey?: string
  cors?: string
}

/** serve, config */
export function addCommands(root: Command): void {
  root
    .command('serve')
    .description('serve the HTTP API, the search page at / and the API page at /docs')
    .option('--host <address>', 'address to bind; anything but loopback needs an API key (server.host)')
    .option('-p, --port <port>', 'port to bind; 0 takes a free one (server.port)', integer)
    .option('--api-key <digests>', 'digests of the keys that may read and write, between commas (auth.keys; `canopy key create`)')
    .option('--read-only-key <digests>', 'digests of the keys that may only read (auth.readOnlyKeys)')
    .option('--cors <origins>', 'web origins that may call the API (server.corsOrigins)')
    .action(async ({ host, port, apiKey, readOnlyKey, cors }: ServeOptions, command: Command) => {
      const load = () => configuration(command, { 'server.host': host, 'server.port': port, 'auth.keys': apiKey, 'auth.readOnlyKeys': readOnlyKey, 'server.corsOrigins': cors })
      const loaded = load()
      const { config } = loaded
      // Loaded here, because the server's libraries take longer to load than any other command takes to run.
      const { startServer } = await import('../../server/start.js')
      const { url } = await startServer(config, { follow: { loaded, load } })
      print(globals(command).json ? JSON.stringify({ url }) : `canopy serves ${placeOf(config)} at ${url} (search page; API at ${url}/docs/)`)
    })

  root
    .command('config')
    .description('print every setting, its value and where it came from')
    .option('--print', 'what the command does anyway')
    .action((_options: object, command: Command) => {
      const { sources, file } = configuration(command)
      const rows = settings.map(({ key, env, description, secret, reload }) => {
        const { value, source, from } = sources.get(key) ?? { value: undefined, source: 'default', from: 'default' }
        return { key, value: secret ? hidden(value) : value, source, from, env, reload, description }
      })
      report(globals(command).json, { file: file ?? null, settings: rows }, () => [
        `configuration file: ${file ?? 'none (canopy.yaml here, --config or CANOPY_CONFIG)'}`,
        ...table([['setting', 'value', 'from', 'environment', 'a change holds', 'meaning'], ...rows.map(({ key, value, from, env, reload, description }) => [key, JSON.stringify(value), from, env, reload ? 'at once' : 'after a restart', description])]),
      ])
    })
}

/** That there is a secret may be shown, not what it is. */
function hidden(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value)
  if (Array.isArray(value)) return value.map(() => '***')
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.keys(value).map((key) => [key, '***']))
  return value
}
