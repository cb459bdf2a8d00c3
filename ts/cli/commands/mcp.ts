import type { Command } from 'commander'
import { openConfigured } from '../../server/database.js'
import { packageVersion } from '../../server/version.js'
import { configuration } from '../session.js'

/** mcp */
export function addCommands(root: Command): void {
  root
    .command('mcp')
    .description('serve an assistant over standard input and output (Model Context Protocol): search, similar, get, explain, store')
    .option('--read-only', 'offer nothing that writes, and open beside a process that does')
    .action(async ({ readOnly }: { readOnly?: boolean }, command: Command) => {
      const { config } = configuration(command, { 'data.readOnly': readOnly })
      const db = await openConfigured(config)
      // Loaded here: the protocol's library takes longer to load than other commands take to run.
      const [{ StdioServerTransport }, { mcpServer }] = await Promise.all([import('@modelcontextprotocol/sdk/server/stdio.js'), import('../../mcp/server.js')])
      const { server, settled } = mcpServer(db, { readOnly: config.data.readOnly, version: packageVersion })
      const over = new Promise<void>((resolve) => {
        process.stdin.once('end', resolve).once('close', resolve)
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
      })
      await server.connect(new StdioServerTransport())
      await over
      // Whoever sent calls and then closed its end still gets the answers.
      await settled()
      await new Promise(setImmediate)
      await server.close()
      await db.close()
    })
}
