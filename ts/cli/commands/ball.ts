import { readFile } from 'node:fs/promises'
import { Argument, Option, type Command } from 'commander'
import { BALL_MAPS, ballRequest, type BallRequest } from '../../engine/ball-request.js'
import { CanopyError } from '../../engine/error.js'
import { json, number, textArgument } from '../input.js'
import { report } from '../output.js'
import { globals, withInterrupt } from '../session.js'

/** ball exp0|log0|exp|log|add|recentre|distances|mean */
export function addCommands(root: Command): void {
  root
    .command('ball')
    .description('map, measure, average or recentre points of the Poincaré ball')
    .addArgument(new Argument('<map>', 'what is done').choices(BALL_MAPS))
    .argument('<file>', 'a JSON array of coordinates a line; - is standard input')
    .option('--bases <file>', 'points, one for all rows or one a row; the centre for recentre')
    .option('--kappa <x>', 'curvature, below 0; default -1', number)
    .option('--margin <x>', 'how far points are kept from the rim', number)
    .addOption(new Option('--precision <name>', 'how results are rounded').choices(['f64', 'f32']).default('f64'))
    .action(async (map: BallRequest['map'], file: string, { bases, ...options }: Pick<BallRequest, 'kappa' | 'margin' | 'precision'> & { bases?: string }, command: Command) => {
      const request = { map, rows: await rowsOf(file), bases: bases === undefined ? undefined : await rowsOf(bases), ...options }
      const answer = await withInterrupt((signal) => ballRequest(request, { signal }))
      report(globals(command).json, answer, () => {
        if ('rows' in answer) return answer.rows.map((row) => JSON.stringify(row))
        return 'distances' in answer ? answer.distances.map(String) : [JSON.stringify(answer.mean.point)]
      })
    })
}

/** The rows of a file. Throws `POINTS_FILE`. */
async function rowsOf(file: string): Promise<number[][]> {
  const bad = (why: string): CanopyError => new CanopyError('POINTS_FILE', 'invalid_input', `${file} can't be read as points: ${why}; write a JSON array of numbers a line`)
  const text = file === '-' ? await textArgument([]) : await readFile(file, 'utf8').catch((error: Error) => Promise.reject(bad(error.message)))
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    const row = line.trim().startsWith('[') ? json(line) : undefined
    if (Array.isArray(row) && row.length > 0 && row.every((value) => typeof value === 'number')) return [row as number[]]
    throw bad(`line ${i + 1} is ${line.slice(0, 40)}`)
  })
}
