// Runs every fuzz target: `node scripts/fuzz.mjs [seconds a target] [targets…]`. Ends with 1 when one of them found something.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { at } from './lib/paths.mjs'
import { run, version } from './lib/run.mjs'
import { Missing, main, seconds, style } from './lib/say.mjs'

/** A single input that takes this long, in seconds, is reported: inputs are a few kB. */
const SLOW = 10
/** Megabytes that a target may take: far above what bounded readers need, sanitizer included. */
const MEMORY = 2048
/** Inputs over this many bytes find little and slow the rest down. */
const LONGEST = 4096

const all = [...readFileSync(at('fuzz', 'Cargo.toml'), 'utf8').matchAll(/^\[\[bin\]\]\nname = "(\w+)"/gm)].map(([, name]) => name)

function check(wanted) {
  const unknown = wanted.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Missing(`no target is called ${unknown.join(' or ')}; there are ${all.join(', ')}`)
  if (version('cargo', ['+nightly', '--version']) === undefined) throw new Missing('fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal')
  if (version('cargo', ['+nightly', 'fuzz', '--version']) === undefined) throw new Missing('fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked')
}

const fuzz = (...args) => run('cargo', ['+nightly', 'fuzz', ...args], { cwd: at('fuzz'), quiet: true, check: false })

await main(async () => {
  const [first, ...rest] = process.argv.slice(2)
  const time = /^\d+$/.test(first ?? '') ? Number(first) : 60
  const named = time === Number(first) ? rest : process.argv.slice(2)
  check(named)
  const targets = named.length > 0 ? named : all
  const built = await fuzz('build')
  if (built.code !== 0) throw new Error(built.output.slice(-8000))
  let failed = 0
  for (const name of targets) {
    const began = performance.now()
    const folder = path.join('corpus', name)
    mkdirSync(at('fuzz', folder), { recursive: true })
    const limits = [`-max_total_time=${time}`, `-timeout=${SLOW}`, `-rss_limit_mb=${MEMORY}`, `-max_len=${LONGEST}`, '-print_final_stats=1']
    const { code, output } = await fuzz('run', name, folder, path.join('seeds', name), '--', ...limits)
    const runs = /stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? '?'
    if (code === 0) {
      console.log(`${style.green('✓')} ${name}: ${runs} inputs, ${readdirSync(at('fuzz', folder)).length} kept ${style.dim(seconds(began))}`)
    } else {
      failed += 1
      console.log(`${style.red('✗')} ${name} ${style.dim(seconds(began))}\n${output.slice(-6000)}`)
    }
  }
  console.log(`${targets.length - failed} of ${targets.length} targets found nothing in ${time} s each`)
  if (failed > 0) process.exitCode = 1
})
