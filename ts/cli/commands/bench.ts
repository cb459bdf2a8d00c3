import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { nearest } from '../../config/suggest.js'
import { CanopyError } from '../../engine/error.js'
import native from '../../engine/native.cjs'

/** What a bench exports. */
interface Bench {
  run(args: string[]): Promise<unknown>
}

/** bench NAME */
export function addCommands(root: Command): void {
  root
    .command('bench [name] [args...]')
    .description('run a bench; its last line is JSON')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (name: string | undefined) => {
      const folder = path.join(native.packageRoot(), 'dist', 'bench')
      const names = await benches(folder)
      if (name === undefined || !names.includes(name)) throw unknown(name, names)
      const { run } = (await import(pathToFileURL(path.join(folder, `${name}.js`)).href)) as Bench
      // A bench has options of its own, of which some (-d, -n) are written like those of other commands: it gets what was typed.
      const typed = process.argv.slice(2)
      await run(typed.slice(typed.indexOf(name, typed.indexOf('bench')) + 1))
    })
}

async function benches(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => [])
  return files.filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -'.js'.length))
}

function unknown(name: string | undefined, names: string[]): CanopyError {
  const list = names.length === 0 ? 'none is built here: benches come with a clone of the repository' : names.join(', ')
  const hint = name === undefined ? undefined : nearest(name, names)
  return new CanopyError('BENCH_UNKNOWN', 'not_found', `${name === undefined ? 'name a bench' : `there is no bench "${name}"`}${hint === undefined ? '' : `; did you mean "${hint}"?`} (${list})`)
}
