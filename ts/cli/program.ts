import { Command } from 'commander'
import { packageVersion } from '../server/version.js'
import { addCommands as ball } from './commands/ball.js'
import { addCommands as bench } from './commands/bench.js'
import { addCommands as budget } from './commands/budget.js'
import { addCommands as collections } from './commands/collections.js'
import { addCommands as copying } from './commands/copy.js'
import { addCommands as dashboards } from './commands/dashboards.js'
import { addCommands as doctor } from './commands/doctor.js'
import { addCommands as graph } from './commands/graph.js'
import { addCommands as importing } from './commands/import.js'
import { addCommands as index } from './commands/index.js'
import { addCommands as ingest } from './commands/ingest.js'
import { addCommands as key } from './commands/key.js'
import { addCommands as mcp } from './commands/mcp.js'
import { addCommands as migrating } from './commands/migrate.js'
import { addCommands as neighbors } from './commands/neighbors.js'
import { addCommands as records } from './commands/records.js'
import { addCommands as search } from './commands/search.js'
import { addCommands as serve } from './commands/serve.js'
import { addCommands as stats } from './commands/stats.js'
import { addCommands as transcribe } from './commands/transcribe.js'
import { addCommands as vectors } from './commands/vectors.js'

/** Exit codes, as `canopy --help` prints them. */
const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 conflict, 5 busy or not ready (try again), 130 interrupted

Examples:
  $ canopy add notes "Green tea is brewed below boiling"
  $ canopy search notes "how hot should the water be?"
  $ canopy import notes ./documents
  $ canopy serve`

/** The whole command line. */
export function program(): Command {
  const root = new Command('canopy')
    .description('Neighbours, vectors and graphs: search over your own records, embedded or in front of your servers')
    .version(packageVersion)
    .option('-d, --dir <folder>', 'the folder that holds the collections (data.dir)')
    .option('-c, --config <file>', 'configuration file; default canopy.yaml if there is one')
    .option('--set <key=value>', 'any setting of `canopy config`; may be repeated', collect, [])
    .option('--json', 'print JSON')
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  for (const add of [records, search, importing, collections, copying, transcribe, ingest, budget, index, neighbors, migrating, vectors, graph, ball, stats, key, serve, mcp, dashboards, doctor, bench]) add(root)
  root.commands.forEach(inherit)
  return root
}

function collect(value: string, all: string[]): string[] {
  return [...all, value]
}

/** Errors of subcommands come to the same place, and `--json` and `--dir` may stand behind any command. */
function inherit(command: Command): void {
  command.copyInheritedSettings(command.parent ?? command)
  if (command.commands.length === 0) {
    command.option('-d, --dir <folder>', 'the folder that holds the collections')
    command.option('--json', 'print JSON')
  }
  command.commands.forEach(inherit)
}
