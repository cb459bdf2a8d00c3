// The workflows run elsewhere; what can be said of them here is said here. Their own linter runs in the job `lint`.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { parse } from 'yaml'

interface Step {
  name?: string
  uses?: string
  run?: string
  if?: string
}

interface Job {
  needs?: string | string[]
  'timeout-minutes'?: number
  strategy?: { matrix: Record<string, unknown[]> }
  steps?: Step[]
  uses?: string
}

const FOLDER = '.github/workflows'
const workflows = readdirSync(FOLDER).map((file) => ({ file, jobs: (parse(readFileSync(path.join(FOLDER, file), 'utf8')) as { jobs: Record<string, Job> }).jobs }))
const jobs = workflows.flatMap(({ file, jobs: all }) => Object.entries(all).map(([name, job]) => ({ at: `${file}, ${name}`, job })))
const ci = workflows.find(({ file }) => file === 'ci.yml')?.jobs ?? {}

test('CI: unit, then heavy within 45 minutes, each with and without a GPU', (t) => {
  const { unit, heavy } = ci
  t.deepEqual(unit?.strategy?.matrix['gpu'], [false, true])
  t.deepEqual(unit?.strategy?.matrix['node'], [20, 22, 24])
  t.deepEqual(heavy?.strategy?.matrix['gpu'], [false, true])
  t.is(heavy?.needs, 'unit')
  t.is(heavy?.['timeout-minutes'], 45)
  const said = JSON.stringify(ci)
  for (const wanted of ['scripts/kernels.mjs', 'scripts/floors.mjs', 'scripts/pack-test.mjs 22 24', 'npm audit', 'cargo audit', 'actionlint', 'bench soak --minutes 30', 'CANOPY_TEST_FUZZ_SECONDS']) t.true(said.includes(wanted), wanted)
})

test('every job has a time limit, and every action a version', (t) => {
  for (const { at, job } of jobs) {
    if (job.uses !== undefined) t.true(existsSync(job.uses), `${at}: ${job.uses}`)
    else t.true(job['timeout-minutes'] !== undefined || at === 'release.yml, publish', at)
    for (const { uses } of job.steps ?? []) if (uses !== undefined) t.regex(uses, /@v\d/, at)
  }
})

test('scripts, benches and tests that a job runs are there', (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  let named = 0
  for (const { at, job } of jobs) {
    for (const { run = '' } of job.steps ?? []) {
      const files = [...run.matchAll(/(?:node |^)((?:scripts|\.ci)\/[\w./-]+)/gm)].map(([, file = '']) => file)
      const benches = [...run.matchAll(/main\.js bench ([\w-]+)/g)].map(([, bench = '']) => `bench/${bench}.ts`)
      const tests = [...run.matchAll(/build\/(tests\/[\w./-]+)\.js/g)].map(([, name = '']) => `${name}.ts`)
      for (const file of [...files, ...benches, ...tests]) t.true(existsSync(file), `${at}: ${file}`)
      for (const [, script = ''] of run.matchAll(/npm run ([\w-]+)/g)) t.true(script in scripts, `${at}: npm run ${script}`)
      // What runs a compiled test has compiled it.
      if (tests.length > 0) t.regex(run, /npm (test|run build(?! --))/, `${at}: ${run}`)
      named += files.length + benches.length + tests.length
    }
  }
  t.true(named >= 10, String(named))
})
