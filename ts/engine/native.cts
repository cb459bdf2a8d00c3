// CommonJS on purpose: `require` is the only way to load an addon, and `__dirname` works from both builds (ESM and CommonJS).
import fs = require('node:fs')
import path = require('node:path')

/** What was found, or what was tried in vain. */
interface Loaded {
  binding?: unknown
  file?: string
  tried: string[]
}

/** The platform in the words that package and file names use: `linux-x64-gnu`. */
function triple(): string {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${libc()}`
  if (platform === 'win32') return `win32-${arch}-msvc`
  return `${platform}-${arch}`
}

/** `gnu` or `musl` on Linux, else an empty string. */
function libc(): string {
  if (process.platform !== 'linux') return ''
  // Reading the report costs 20 ms when it resolves host names; the header alone costs nothing.
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean }) | undefined
  if (report === undefined) return 'gnu'
  report.excludeNetwork = true
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
}

/** The folder of this package, found by its package.json, since the ESM and CommonJS builds lie at different depths. */
function packageRoot(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json')
    if (fs.existsSync(manifest) && readManifest(manifest).name === 'canopy-engine') return folder
    if (folder === path.dirname(folder)) return __dirname
  }
}

function readManifest(file: string): { name?: string; version?: string } {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as { name?: string; version?: string }
}

/** The version of this package. */
function packageVersion(): string {
  return readManifest(path.join(packageRoot(), 'package.json')).version ?? '0.0.0'
}

/** Loads the addon: the file that CANOPY_NATIVE_PATH names, else a local build, else the platform package. */
function load(): Loaded {
  const named = process.env['CANOPY_NATIVE_PATH']
  const local = path.join(packageRoot(), 'native', `canopy.${triple()}.node`)
  const candidates = named === undefined || named === '' ? [local, `@canopy-engine/${triple()}`] : [path.resolve(named)]
  const tried: string[] = []
  for (const candidate of candidates) {
    try {
      return { binding: require(candidate) as unknown, file: candidate, tried }
    } catch (error) {
      tried.push(`${candidate}: ${firstLine(error)}`)
    }
  }
  return { tried }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

export = { load, triple, libc, packageRoot, packageVersion }
