import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { packageVersion } from '../../server/version.js'
import { print, printJson, report } from '../output.js'
import { globals } from '../session.js'

interface UploadFlags {
  url?: string
  folder: string
  dryRun?: true
  overwrite?: true
}

/** dashboards build, dashboards upload */
export function addCommands(root: Command): void {
  const dashboards = root.command('dashboards').description('dashboards for Grafana: Cache-Backpressure and an overview')

  dashboards
    .command('build')
    .description('write them as JSON files that Grafana imports')
    .option('-o, --out <folder>', 'the folder for the files; without it they are printed')
    .action(async ({ out }: { out?: string }, command: Command) => {
      const built = await load()
      if (out === undefined) return printJson(built)
      await mkdir(out, { recursive: true })
      const files = built.map(({ uid }) => path.join(out, `${uid}.json`))
      await Promise.all(built.map((dashboard, i) => writeFile(files[i] ?? '', `${JSON.stringify(dashboard, null, 2)}\n`)))
      report(globals(command).json, { files }, () => files)
    })

  dashboards
    .command('upload')
    .description('store them in Grafana; the token comes from GRAFANA_TOKEN')
    .option('--url <url>', 'where Grafana is (GRAFANA_URL)')
    .option('--folder <title>', 'the folder, made if there is none', 'Canopy')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--overwrite', 'replace what somebody else changes meanwhile')
    .action(async ({ url, folder, dryRun, overwrite }: UploadFlags, command: Command) => {
      const { uploadDashboards } = await import('../../dashboards/upload.js')
      const { GRAFANA_URL = '', GRAFANA_TOKEN = '' } = process.env
      const uploads = await uploadDashboards(await load(), { url: url ?? GRAFANA_URL, token: GRAFANA_TOKEN, folder, version: packageVersion, dryRun, overwrite })
      if (globals(command).json) return printJson({ dryRun: dryRun === true, uploads })
      for (const { title, action, changes, version, url: at } of uploads) {
        print(`${title}: ${dryRun === true ? WOULD[action] : DID[action]}${version === undefined ? '' : ` (version ${version}${at === undefined ? '' : `, ${at}`})`}`)
        if (dryRun === true && action === 'update') print(...changes.map((line) => `  ${line}`))
      }
    })
}

const DID = { create: 'made', update: 'updated', none: 'as it is' } as const
const WOULD = { create: 'would be made', update: 'would be updated', none: 'as it is' } as const

/** The dashboards; the SDK that builds them takes longer to load than most commands take to run. */
async function load() {
  const { buildDashboards } = await import('../../dashboards/boards.js')
  return buildDashboards()
}
