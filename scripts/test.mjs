// npm test: sets itself up and runs everything that CI runs, stage by stage. `npm test -- ts lint` runs only these stages.

import { existsSync } from 'node:fs'
import { aptUpdate } from './lib/apt.mjs'
import { native, packages, tests, typescript } from './lib/build.mjs'
import { cmake } from './lib/cmake.mjs'
import { at } from './lib/paths.mjs'
import { run, version } from './lib/run.mjs'
import { Missing, heartbeat, main, seconds, style } from './lib/say.mjs'
import { checkCompilers, checkNode } from './lib/tools.mjs'
import { cargoFailures, cargoTotals, tapTotals } from './lib/totals.mjs'
import { canBeHad, down, guard, names as serviceNames, up, variable } from './services/index.mjs'

const CI = process.env.CI === 'true'
/** Tests that may be skipped on a CI machine, and why: each needs what that machine can't have. */
const MAY_SKIP = [
  // The mode bits of a folder refuse nobody to root; the same is then tested as another user.
  /no permission to write$/,
  // The other way round where the tests don't run as root.
  /no permission to write, as another user$/,
  // A graphics card and its driver.
  /\bgpu\b/i,
  // Servers that this kind of machine can't have; where they can be had, a missing one fails.
  ...serviceNames.filter((name) => !canBeHad(name)).map((name) => new RegExp(`^(.* › )?\\[${name}\\]`)),
]
const bin = (name) => at('node_modules', '.bin', name)
const node = (script, ...args) => run(process.execPath, [at(script), ...args], { quiet: true })

const stages = {
  setup: { label: 'packages, native core, TypeScript, browser', run: setup },
  fmt: { label: 'cargo fmt', run: () => run('cargo', ['fmt', '--all', '--check'], { quiet: true }) },
  clippy: { label: 'cargo clippy, warnings are errors', run: () => run('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'], { quiet: true }) },
  rust: { label: 'cargo test', run: rust },
  types: { label: 'native/index.d.ts is what crates/node exports', run: () => node('scripts/native-types.mjs') },
  lint: { label: 'oxlint', run: () => run(bin('oxlint'), ['--deny-warnings', 'ts', 'tests', 'scripts', ...(existsSync(at('bench')) ? ['bench'] : [])], { quiet: true }) },
  ts: { label: 'TypeScript tests', run: ava },
}

async function setup() {
  checkNode()
  checkCompilers()
  await cmake()
  await packages()
  await native()
  await typescript()
  await tests()
  await chromium()
}

/** CI machines of the Debian kind get the browser that the page is tested in; elsewhere its tests say that they were skipped. */
async function chromium() {
  if (!CI || existsSync('/usr/bin/chromium') || process.getuid?.() !== 0 || version('apt-get') === undefined) return
  await aptUpdate()
  await run('apt-get', ['install', '-y', '-qq', 'chromium', 'fonts-dejavu-core'], { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } })
}

async function rust() {
  const { code, output } = await run('cargo', ['test', '--workspace', '--locked', '--no-fail-fast'], { check: false, quiet: !process.stdout.isTTY })
  const totals = cargoTotals(output)
  if (code !== 0 && totals.failed === 0) throw new Error(output.slice(-8000))
  if (code !== 0) console.log(cargoFailures(output))
  return totals
}

/** Set when the tests that need servers are among what runs: they start while the rest is built. */
let services

/** Brings up what isn't there, and has it ended should this process be killed. */
async function startServices() {
  const all = await up()
  const started = Object.keys(all).filter((name) => all[name].state === 'started')
  if (started.length > 0) await guard(process.pid, started)
  return all
}

async function stopServices() {
  const all = await services
  if (all !== undefined) await down(Object.keys(all).filter((name) => all[name].state === 'started'))
}

async function ava() {
  const all = await services
  const env = { NO_COLOR: '1' }
  let missing = 0
  for (const [name, { url, state, reason }] of Object.entries(all)) {
    if (url !== undefined) env[variable(name)] = url
    else console.log(style.yellow(`  ${name} is ${state}, its tests are skipped: ${reason}`))
    if (url === undefined && CI && canBeHad(name)) missing += 1
  }
  const { code, output } = await run(bin('ava'), ['--tap'], { check: false, quiet: true, env })
  const totals = tapTotals(output)
  if (totals.failed > 0) console.log(totals.failures.join('\n'))
  if (code !== 0 && totals.failed === 0) throw new Error(output.slice(-8000))
  totals.failed += missing
  return totals
}

await main(async () => {
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((name) => !(name in stages))
  if (unknown !== undefined) throw new Missing(`there is no stage "${unknown}"; there are ${Object.keys(stages).join(', ')}`)
  const chosen = Object.entries(stages).filter(([name]) => wanted.length === 0 || name === 'setup' || wanted.includes(name))
  if (chosen.some(([name]) => name === 'ts')) services = startServices()
  const started = performance.now()
  const sum = { passed: 0, failed: 0, skipped: [] }
  for (const [index, [name, stage]] of chosen.entries()) {
    const began = performance.now()
    console.log(style.bold(`[${index + 1}/${chosen.length}] ${stage.label}`))
    try {
      const result = await (name === 'setup' ? stage.run() : heartbeat(stage.label, stage.run))
      // A check without tests of its own counts as one that passed, since it didn't throw.
      const totals = result?.skipped === undefined ? { passed: name === 'setup' ? 0 : 1, failed: 0, skipped: [] } : result
      sum.passed += totals.passed
      sum.failed += totals.failed
      sum.skipped.push(...totals.skipped)
      console.log(`  ${totals.failed === 0 ? style.green('✓') : style.red('✗')} ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped.length} skipped ${style.dim(seconds(began))}`)
    } catch (error) {
      sum.failed += 1
      console.log(`  ${style.red('✗')} ${style.dim(seconds(began))}\n${error.message}`)
      if (name === 'setup') break
    }
  }
  await stopServices()
  const unexpected = sum.skipped.filter((title) => !MAY_SKIP.some((pattern) => pattern.test(title)))
  if (sum.skipped.length > 0) console.log(`\nskipped:\n${sum.skipped.map((title) => `  - ${title}${unexpected.includes(title) ? style.yellow(' (not expected on CI)') : ''}`).join('\n')}`)
  if (CI && unexpected.length > 0) {
    console.log(style.red(`CI skips nothing that it could run: ${unexpected.length} skipped without a reason in scripts/test.mjs`))
    sum.failed += unexpected.length
    sum.skipped = sum.skipped.filter((title) => !unexpected.includes(title))
  }
  console.log(style.dim(`\nall in ${seconds(started)}`))
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped.length} skipped`)
  if (sum.failed > 0) process.exitCode = 1
})
