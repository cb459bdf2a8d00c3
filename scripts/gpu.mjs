// Tests and benches on a GPU.
//
//   node scripts/gpu.mjs pack [FOLDER]     programs that need nothing but 64-bit Linux and NVIDIA's driver, and run.sh, which runs them all; default .cache/gpu
//   bash FOLDER/run.sh OUT                 on the machine with the GPU: OUT gets tests.log, kernels.json and graphwave.json; fails when a test fails or is skipped
//   node scripts/gpu.mjs record OUT        writes bench/results/cuda-DATE.json from that
//   node scripts/gpu.mjs run               all three, on a machine that has both a GPU and cargo
//
// --fast builds without link-time optimisation, to try things.

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { at } from './lib/paths.mjs'
import { run, version } from './lib/run.mjs'
import { Missing, main, step } from './lib/say.mjs'

/** What is carried: tests, and what `canopy bench cuda` runs. */
const PROGRAMS = [
  { args: ['test', '--no-run', '-p', 'canopy-cuda', '--test', 'kernels'], name: 'kernels', as: 'test-kernels' },
  { args: ['test', '--no-run', '-p', 'canopy-graph', '--test', 'gpu'], name: 'gpu', as: 'test-graph' },
  { args: ['test', '--no-run', '-p', 'canopy-ann', '--test', 'gpu'], name: 'gpu', as: 'test-ann' },
  { args: ['build', '-p', 'canopy-cuda', '--example', 'kernels'], name: 'kernels', as: 'bench-kernels' },
  { args: ['build', '-p', 'canopy-graph', '--example', 'graphwave'], name: 'graphwave', as: 'bench-graphwave' },
]

const RUN = `#!/usr/bin/env bash
# Runs what lies beside it on this machine's GPU: bash run.sh OUT. Made by scripts/gpu.mjs.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=\${1:?usage: bash run.sh OUT}
mkdir -p "$out"
# A test that finds no GPU here fails instead of reporting itself skipped.
export CANOPY_TEST_GPU=require
failed=0
for test in "$here"/test-*; do
  echo "== $(basename "$test")"
  # One that crashes prints no result of its own.
  "$test" || echo "test result: FAILED. $(basename "$test")"
done 2>&1 | tee "$out/tests.log"
grep -q '^test result: FAILED' "$out/tests.log" && failed=1
"$here/bench-kernels" | tail -n 1 > "$out/kernels.json" || failed=1
# The same work on both, at the tolerances of either precision.
for device in gpu cpu; do
  for case in '1000 1e-8 5' '10000 1e-8 5' '10000 1e-4 5' '100000 1e-4 0'; do
    # The processor takes minutes for the last one.
    if [ "$device" = cpu ] && [ "\${case%% *}" = 100000 ] && [ -z "\${LONG:-}" ]; then continue; fi
    CANOPY_COMPUTE_DEVICE=$device "$here/bench-graphwave" $case | tail -n 1 || failed=1
  done
done > "$out/graphwave.json"
cat "$out/kernels.json" "$out/graphwave.json"
exit $failed
`

/** The program that cargo built under this name. */
async function built({ args, name }, fast) {
  const env = fast ? { CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16' } : {}
  const { output } = await run('cargo', [...args, '--release', '--locked', '--message-format=json'], { quiet: true, env })
  const messages = output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const found = messages.findLast(({ reason, executable, target }) => reason === 'compiler-artifact' && typeof executable === 'string' && target.name === name)
  if (found === undefined) throw new Error(`cargo ${args.join(' ')} built no ${name}`)
  return found.executable
}

async function pack(folder, fast) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Missing('the programs are for 64-bit Linux: build them there')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  let bytes = 0
  for (const program of PROGRAMS) {
    const file = path.join(folder, program.as)
    copyFileSync(await step(program.as, () => built(program, fast)), file)
    if (version('strip') !== undefined) spawnSync('strip', [file])
    chmodSync(file, 0o755)
    bytes += statSync(file).size
  }
  writeFileSync(path.join(folder, 'run.sh'), RUN, { mode: 0o755 })
  console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB; on the machine with the GPU: bash ${path.basename(folder)}/run.sh OUT`)
}

/** By the bench, which judges and writes results. */
const record = (out) => run(process.execPath, [at('dist', 'cli', 'main.js'), 'bench', 'cuda', '--from', path.resolve(out)])

await main(async () => {
  const fast = process.argv.includes('--fast')
  const [what, place] = process.argv.slice(2).filter((argument) => argument !== '--fast')
  const folder = path.resolve(place ?? at('.cache', 'gpu'))
  if (what === 'pack') return pack(folder, fast)
  if (what === 'record' && place !== undefined) return record(place)
  if (what !== 'run') throw new Missing('node scripts/gpu.mjs pack [FOLDER] | record OUT | run')
  const out = mkdtempSync(path.join(os.tmpdir(), 'canopy-gpu-'))
  await pack(at('.cache', 'gpu'), fast)
  await run('bash', [at('.cache', 'gpu', 'run.sh'), out])
  return record(out)
})
