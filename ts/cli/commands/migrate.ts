import { Option, type Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { openMigrations } from '../../migrate/open.js'
import type { Migrations } from '../../migrate/runner.js'
import type { MigrationReport } from '../../migrate/target.js'
import { placesOf, withoutSecrets } from '../../server/database.js'
import { integer } from '../input.js'
import { print, printJson, table } from '../output.js'
import { configuration, globals } from '../session.js'

interface Options {
  migrations?: string
  to?: string
  wait: number
}

/** What one action did to one database: for programs, and in lines. */
interface Done {
  result: unknown
  lines: string[]
}

type Action = (migrations: Migrations, options: { to?: string | undefined; signal: AbortSignal }) => Promise<Done>

const ACTIONS: Readonly<Record<string, { description: string; goes?: true; run: Action }>> = {
  info: { description: 'every migration, and where it stands', run: info },
  validate: { description: 'fail unless history and files fit together; names what is pending', run: async (migrations) => list(await migrations.validate(), 'valid, nothing is pending', (name) => `pending: ${name}`) },
  'dry-run': { description: 'try what is pending and take it back', run: async (migrations) => list(await migrations.dryRun(), 'nothing to try') },
  up: { description: 'apply what is pending; what fails is put back by itself', goes: true, run: async (migrations, options) => reports(await migrations.up(options), 'applied', 'nothing to apply') },
  down: { description: 'undo the last migration, or all after --to', goes: true, run: async (migrations, options) => reports(await migrations.down(options), 'undone', 'nothing to undo') },
  repair: { description: 'put back what a killed run left, and take over edited and missing files', run: async (migrations) => list(await migrations.repair(), 'nothing to repair') },
}

/** migrate info | validate | dry-run | up | down | repair */
export function addCommands(root: Command): void {
  const migrate = root.command('migrate').description('bring the schema of Neo4j, PostgreSQL or a folder to where it should be, or back')
  for (const [name, { description, goes, run }] of Object.entries(ACTIONS)) {
    const command = migrate
      .command(`${name} [places...]`)
      .description(`${description}; places are neo4j://…, postgres://… or folders, else those of the configuration`)
      .option('--migrations <folder>', 'the folder of .cypher and .sql files; default those of this package')
      .addOption(new Option('--wait <seconds>', 'how long to wait for another process that migrates').argParser(integer).default(30))
      .action((places: string[], options: Options, self: Command) => migrateAll(places, options, self, run))
    if (goes === true) command.option('--to <version>', 'up to and with this version, or down to it')
  }
}

async function migrateAll(named: string[], { migrations: folder, to, wait }: Options, command: Command, run: Action): Promise<void> {
  const places = named.length > 0 ? named : placesOf(configuration(command).config)
  if (to !== undefined && places.length > 1) throw new CanopyError('USAGE', 'invalid_input', `--to is a version of one database: name one of ${places.map(withoutSecrets).join(', ')}`)
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  process.once('SIGINT', interrupt)
  const { json } = globals(command)
  const results: Array<{ place: string; result: unknown }> = []
  try {
    for (const place of places) {
      const migrations = await openMigrations(place, { folder, waitMs: wait * 1000 })
      try {
        const { result, lines } = await run(migrations, { to, signal: interrupted.signal })
        results.push({ place: withoutSecrets(place), result })
        if (!json) print(...(places.length > 1 ? [`${withoutSecrets(place)}:`] : []), ...lines)
      } finally {
        await migrations.close()
      }
    }
  } finally {
    process.off('SIGINT', interrupt)
    if (json && results.length > 0) printJson(results)
  }
}

async function info(migrations: Migrations): Promise<Done> {
  const all = await migrations.info()
  const rows = all.map(({ name, state, canUndo, applied }) => [name, state, canUndo ? 'can be undone' : '', applied === null ? '' : `${applied.appliedAt} by ${applied.appliedBy}, ${applied.durationMs} ms`])
  return { result: all, lines: rows.length === 0 ? ['there are no migrations'] : table(rows) }
}

function list(result: readonly string[], nothing: string, line: (text: string) => string = (text) => text): Done {
  return { result, lines: result.length === 0 ? [nothing] : result.map(line) }
}

function reports(result: readonly MigrationReport[], verb: string, nothing: string): Done {
  const lines = result.flatMap(({ name, durationMs, before, after }) => [
    `${verb} ${name} in ${durationMs} ms`,
    ...Object.keys(before).map((scope) => `  ${scope}: ${before[scope]?.count} before, ${after[scope]?.count} after${before[scope]?.checksum === after[scope]?.checksum ? ', the same' : ''}`),
  ])
  return { result, lines: lines.length === 0 ? [nothing] : lines }
}
