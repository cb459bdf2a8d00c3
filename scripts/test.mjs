// npm test: sets itself up and runs everything that CI runs, stage by stage. `npm test -- ts lint` runs only these stages.

import { existsSync } from 'node:fs'
import { native, packages, tests, typescript } from './lib/build.mjs'
import { at } from './lib/paths.mjs'
import { run, version } from './lib/run.mjs'
import { heartbeat, main, seconds, style } from './lib/say.mjs'
import { checkCompilers, checkNode } from './lib/tools.mjs'
import { cargoFailures, cargoTotals, tapTotals } from './lib/totals.mjs'

const CI = process.env.CI === 'true'
/** Tests that may be skipped on a CI machine, and why: each needs what that machine can't have. */
const MAY_SKIP = [
  // The mode bits of a folder refuse nobody to root; the same is then tested as another user.
  /no permission to write$/,
  // The other way round where the tests don't run as root.
  /no permission to write, as another user$/,
  // A graphics card and its driver.
  /\bgpu\b/i,
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
  await packages()
  await native()
  await typescript()
  await tests()
  await chromium()
}

/** CI machines of the Debian kind get the browser that the page is tested in; elsewhere its tests say that they were skipped. */
async function chromium() {
  if (!CI || existsSync('/usr/bin/chromium') || process.getuid?.() !== 0 || version('apt-get') === undefined) return
  await run('apt-get', ['update', '-qq'], { quiet: true })
  await run('apt-get', ['install', '-y', '-qq', 'chromium', 'fonts-dejavu-core'], { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } })
}

async function rust() {
  const { code, output } = await run('cargo', ['test', '--workspace', '--locked', '--no-fail-fast'], { check: false, quiet: !process.stdout.isTTY })
  const totals = cargoTotals(output)
  if (code !== 0 && totals.failed === 0) throw new Error(output.slice(-8000))
  if (code !== 0) console.log(cargoFailures(output))
  return totals
}

async function ava() {
  const { code, output } = await run(bin('ava'), ['--tap'], { check: false, quiet: true, env: { NO_COLOR: '1' } })
  const totals = tapTotals(output)
  if (totals.failed > 0) console.log(totals.failures.join('\n'))
  if (code !== 0 && totals.failed === 0) throw new Error(output.slice(-8000))
  return totals
}

await main(async () => {
  const wanted = process.argv.slice(2).filter((name) => name in stages)
  const chosen = Object.entries(stages).filter(([name]) => wanted.length === 0 || name === 'setup' || wanted.includes(name))
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
