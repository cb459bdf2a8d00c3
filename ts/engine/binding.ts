import type * as Native from '#native'
import { CanopyError } from './error.js'
import { said } from './log.js'
import native from './native.cjs'

type Binding = typeof Native

let loaded: Binding | undefined

/**
 * The native addon, loaded at the first call.
 *
 * Throws `NATIVE_MISSING` with the platform, what was tried and what to do where there is none.
 *
 * @internal
 */
export function binding(): Binding {
  if (loaded === undefined) {
    const { binding: found, tried } = native.load()
    if (found === undefined) throw new CanopyError('NATIVE_MISSING', 'internal', missing(tried))
    loaded = found as Binding
    loaded.onLog(said)
  }
  return loaded
}

function missing(tried: string[]): string {
  const platform = `${process.platform} ${process.arch}${native.libc() === '' ? '' : ` (${native.libc()})`}`
  return [
    `the native core of canopy-engine can't be loaded on ${platform}, Node ${process.versions.node}`,
    ...tried.map((line) => `  tried ${line}`),
    `Install it again without --omit=optional and without --ignore-platform, so that @canopy-engine/${native.triple()} comes along;`,
    'in a clone of the repository run `npm start`, which builds it with cargo; or name a built file in CANOPY_NATIVE_PATH.',
  ].join('\n')
}

/** What the native core says about itself and this machine. */
export interface SystemInfo {
  version: string
  /** The instruction set that the vector kernels chose: `avx512`, `avx2`, `neon`, `scalar`. */
  isa: string
  threads: number
  platform: string
  sqlite: string
  /** The version of a folder's tables that this release writes. */
  schema: number
}

/** Version, instruction set, threads and SQLite of the native core. */
export function system(): SystemInfo {
  return JSON.parse(binding().system()) as SystemInfo
}

/** Bytes of physical memory that this process occupies, or 0 where the system doesn't tell. */
export function residentBytes(): number {
  return binding().residentBytes()
}

/** What does work that a GPU does sooner. */
export interface ComputeDevice {
  device: 'cpu' | 'gpu'
  /** What was chosen: `compute.device`, or CANOPY_COMPUTE_DEVICE. */
  choice: 'auto' | 'cpu' | 'gpu'
  /** Of the GPU: its name, its compute capability, bytes of its memory. */
  name: string | null
  capability: string | null
  memoryBytes: number | null
  /** Why no GPU is used, and the stable code of that. */
  reason: string | null
  code: string | null
}
