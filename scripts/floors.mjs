// Runs every bench that has floors and needs nothing but this clone and the services of the tests, and fails where a figure is below its floor.
//   node scripts/floors.mjs [bench…]      only these
// What we want (goals) is judged on a quiet machine by who records figures; floors hold on any.

import { spawnSync } from 'node:child_process'
import { at } from './lib/paths.mjs'
import { Missing, main, seconds, style } from './lib/say.mjs'

/** Arguments that keep each to a minute or two. */
const BENCHES = {
  store: ['-n', '1000,10000', '--rounds', '3', '--parts', 'search,index,idle'],
  http: ['--seconds', '3'],
  'cover-tree': ['--metric', 'euclidean', '-n', '32768', '-d', '3'],
  graph: ['-n', '2000', '--large', '5000'],
  hyperbolic: ['-n', '200000'],
  topology: ['--runs', '2'],
  cache: [],
  ingest: ['--seconds', '3'],
  pgvector: ['-n', '20000', '--rounds', '1'],
  speech: [],
}

await main(() => {
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((name) => !(name in BENCHES))
  if (unknown !== undefined) throw new Missing(`no bench "${unknown}" has floors; these have: ${Object.keys(BENCHES).join(', ')}`)
  let missed = 0
  for (const name of wanted.length > 0 ? wanted : Object.keys(BENCHES)) {
    const began = performance.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, [at('dist', 'cli', 'main.js'), 'bench', name, ...BENCHES[name], '--json', '--no-record'], { encoding: 'utf8', cwd: at(), maxBuffer: 64e6 })
    const below = floorsMissed(stdout)
    const held = status === 0 && below?.length === 0
    if (!held) missed += 1
    console.log(`${held ? style.green('✓') : style.red('✗')} ${name} ${style.dim(seconds(began))}`)
    for (const { name: what, value, unit, direction, must } of below ?? []) console.log(`    ${what}: ${value} ${unit}, must be ${direction} ${must}`)
    if (!held && (below ?? []).length === 0) console.log(stderr.slice(-4000))
  }
  if (missed > 0) process.exitCode = 1
})

/** The checks whose floor is missed; undefined where the last line is no result. */
function floorsMissed(stdout) {
  try {
    const { checks } = JSON.parse(stdout.trim().split('\n').at(-1))
    return checks.filter(({ must, direction, value }) => must !== undefined && !(direction === 'at most' ? value <= must : value >= must))
  } catch {
    return undefined
  }
}
