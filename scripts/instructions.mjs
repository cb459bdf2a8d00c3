// Counts the instructions of the inner loops with valgrind and compares them with the recorded ones: `node scripts/instructions.mjs [--write]`.
// Times differ from machine to machine and from hour to hour; these counts don't, as long as compiler and libraries are the same.
// Valgrind knows no AVX-512, so the AVX2 loops are what is counted.

import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { at } from './lib/paths.mjs'
import { run, version } from './lib/run.mjs'
import { main, step, style } from './lib/say.mjs'

const FILE = at('bench', 'results', 'instructions.json')
const CASES = ['euclidean-3', 'euclidean-16', 'residual-walk', 'residual-exact', 'residual-factors']
/** The share by which a count may differ. */
const SLACK = 0.03

async function count(program, name) {
  const { output } = await run('valgrind', ['--tool=callgrind', '--collect-atstart=no', '--toggle-collect=counted::counted*', `--callgrind-out-file=${path.join(tmpdir(), `counted-${process.pid}.out`)}`, program, name], { quiet: true })
  const [, collected] = /Collected\s*:\s*(\d+)/.exec(output) ?? []
  if (collected === undefined || Number(collected) === 0) throw new Error(`valgrind counted nothing for ${name}:\n${output.slice(-2000)}`)
  return Number(collected)
}

await main(async () => {
  if (process.arch !== 'x64' || version('valgrind') === undefined) return console.log(style.yellow('skipped: counting instructions needs valgrind on x86-64 (apt-get install valgrind)'))
  await step('building', () => run('cargo', ['build', '--release', '--locked', '-p', 'canopy-cover-tree', '--example', 'counted'], { quiet: true }))
  const program = path.resolve(process.env.CARGO_TARGET_DIR ?? at('target'), 'release', 'examples', 'counted')
  const counts = {}
  for (const name of CASES) counts[name] = await step(name, () => count(program, name))
  if (process.argv.includes('--write')) return writeFileSync(FILE, `${JSON.stringify(counts, null, 1)}\n`)
  const recorded = JSON.parse(readFileSync(FILE, 'utf8'))
  const off = CASES.map((name) => [name, counts[name] / recorded[name] - 1])
  for (const [name, share] of off) console.log(`${name.padEnd(18)} ${String(counts[name]).padStart(12)} ${(share * 100).toFixed(2)} %`)
  const wrong = off.filter(([, share]) => !(Math.abs(share) <= SLACK)).map(([name]) => name)
  if (wrong.length > 0) throw new Error(`more than ${SLACK * 100} % off the recorded count: ${wrong.join(', ')}; if that is meant, record it: node scripts/instructions.mjs --write`)
})
