// canopy bench compare OLD NEW: two results of one bench beside each other; fails where any stage is more than a tenth worse.
//
//   canopy bench compare OLD NEW [--tolerance 0.1] [--floor 0.001] [--json]
//     OLD, NEW: result files, or names of such under bench/results. --floor: differences of fewer seconds are noise.
//
// A stage is a figure in seconds or milliseconds, or a check. Figures of peers aren't compared. Both results say their commits, so that
// `git bisect` has two ends: git bisect start NEW OLD.

import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compared, type Result } from './lib/compare.js'
import { at } from './lib/paths.js'

/** Runs the comparison with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { tolerance: { type: 'string', default: '0.1' }, floor: { type: 'string', default: '0.001' }, json: { type: 'boolean', default: false } },
  })
  const [old, fresh, ...rest] = positionals
  if (old === undefined || fresh === undefined || rest.length > 0) throw new TypeError('name two results: canopy bench compare OLD NEW')
  const [before, after] = [read(old), read(fresh)]
  const stages = compared(before, after, { tolerance: Number(values.tolerance), floor: Number(values.floor) })
  const worse = stages.filter(({ regressed }) => regressed)
  if (!values.json) {
    console.log(`${before.bench}: ${before.commit ?? 'no commit'} (${before.date.slice(0, 10)}) → ${after.commit ?? 'no commit'} (${after.date.slice(0, 10)})`)
    if (before.machine.cpu !== after.machine.cpu) console.log(`measured on different machines: ${before.machine.cpu}, ${after.machine.cpu}`)
    const width = Math.max(...stages.map(({ name }) => name.length), 0)
    for (const { name, old, fresh, change, regressed } of stages) console.log(`${regressed ? '✗' : ' '} ${name.padEnd(width)}  ${String(old).padStart(10)} → ${String(fresh).padStart(10)}  ${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)} %`)
  }
  console.log(JSON.stringify({ bench: 'compare', of: before.bench, old: before.commit, new: after.commit, regressed: worse.map(({ name }) => name), stages }))
  if (worse.length > 0) process.exitCode = 1
}

function read(name: string): Result {
  const file = [name, at('bench', 'results', name), at('bench', 'results', `${name}.json`)].find((file) => existsSync(file))
  if (file === undefined) throw new TypeError(`there is no result "${name}", neither as a file nor under bench/results`)
  return JSON.parse(readFileSync(file, 'utf8')) as Result
}
