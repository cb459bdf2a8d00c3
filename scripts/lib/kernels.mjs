// The CUDA kernels: compiled ahead to PTX, which lies beside its source and in the native core. The driver translates it for the GPU at hand.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { home, once, wheel } from '../services/lib.mjs'
import { at } from './paths.mjs'
import { run, version } from './run.mjs'
import { Missing, step } from './say.mjs'

// CUDA 12.4: its PTX loads on drivers from 550 on.
const WHEEL = { spec: 'nvidia-cuda-nvrtc-cu12==12.4.127', sum: 'a178759ebb095827bd30ef56598ec182b85547f1508941a3d560eb7ea1fbf338', tags: ['--platform', 'manylinux2014_x86_64'] }
/** The oldest GPU that the PTX is for. */
const PTX = 'compute_80'
/** GPUs for which it must compile to machine code, too. */
const CHIPS = ['sm_80', 'sm_90']

export const folder = at('crates', 'cuda', 'kernels')
/** What every kernel includes. */
const HEADER = 'common.cuh'

/** Names of the sources without their extension. */
export const kernels = () => readdirSync(folder).filter((file) => file.endsWith('.cu')).map((file) => file.slice(0, -'.cu'.length)).toSorted()

/** The first line of PTX that was compiled from the sources as they are now. crates/cuda/tests looks at it, too. */
export function stamp(name) {
  const digest = createHash('sha256')
  for (const file of [HEADER, `${name}.cu`]) digest.update(readFileSync(path.join(folder, file)))
  return `// ${WHEEL.spec} ${PTX}, sources ${digest.digest('hex')}\n`
}

/** Where the compiler lies, downloaded the first time. */
async function nvrtc() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Missing('kernels are compiled on 64-bit Linux: the package with NVRTC is for that')
  const place = home('nvrtc')
  await once(place, () => step('downloading NVRTC', () => wheel(place, WHEEL)))
  return path.join(place, 'nvidia', 'cuda_nvrtc', 'lib')
}

/** Compiles all kernels: `{ name, ptx, chips: { sm_80: bytes, … } }` of each. */
export async function compile() {
  const library = await nvrtc()
  const python = ['python3', 'python'].find((name) => version(name) !== undefined)
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'canopy-kernels-'))
  try {
    const all = []
    for (const name of kernels()) {
      const out = (arch) => path.join(scratch, `${name}.${arch}`)
      const wanted = [PTX, ...CHIPS].flatMap((arch) => [arch, out(arch)])
      await run(python, [at('scripts', 'kernels', 'nvrtc.py'), path.join(library, 'libnvrtc.so.12'), path.join(folder, `${name}.cu`), folder, ...wanted], { quiet: true, env: { LD_LIBRARY_PATH: library } })
      const chips = Object.fromEntries(CHIPS.map((arch) => [arch, statSync(out(arch)).size]))
      all.push({ name, ptx: stamp(name) + readFileSync(out(PTX), 'utf8'), chips })
    }
    return all
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The PTX in the tree, or nothing where there is none. */
export function kept(name) {
  try {
    return readFileSync(path.join(folder, `${name}.ptx`), 'utf8')
  } catch {
    return undefined
  }
}

/** Puts PTX beside its source. */
export const keep = ({ name, ptx }) => writeFileSync(path.join(folder, `${name}.ptx`), ptx)
