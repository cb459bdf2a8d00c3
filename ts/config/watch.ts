import fs from 'node:fs'
import path from 'node:path'
import { toCanopyError, type CanopyError } from '../engine/error.js'
import type { Loaded } from './load.js'
import { settings, type Config } from './schema.js'

// An editor saves in several steps: empties, writes, renames.
const SETTLE_MS = 100
const LONGEST_MS = 1000
/** As many as Linux follows. */
const MOST_LINKS = 40

/** What became of a change of the configuration. */
export interface Reload {
  /** Dotted keys whose new values hold now. */
  applied: string[]
  /** Dotted keys that a running server can't change: they hold after a restart. */
  restart: string[]
}

/** Who wants to know of changes. */
export interface Listener {
  /** Refuses, by throwing, a configuration that is valid but can't be taken over. */
  check?(next: Config): void
  reloaded(reload: Reload): void
  /** The new configuration is wrong as a whole: the old one stays. */
  refused(error: CanopyError): void
}

/**
 * Follows the configuration file and changes `current.config` in place, where settings allow it (`reload` in the schema).
 *
 * `load` merges all sources anew, so that flags and the environment still win. Folders are watched rather than the file: editors and
 * orchestrators replace files by renaming, or a link above them. Answers what ends the watch; without a file there is nothing to watch.
 */
export function watchConfig(current: Loaded, load: () => Loaded, listener: Listener): () => void {
  let sources = current.sources
  const reload = (): void => {
    try {
      const next = load()
      listener.check?.(next.config)
      const changed = settings.filter(({ key }) => JSON.stringify(next.sources.get(key)?.value) !== JSON.stringify(sources.get(key)?.value))
      sources = next.sources
      const [applied, restart] = [changed.filter((setting) => setting.reload), changed.filter((setting) => !setting.reload)]
      for (const { key } of applied) take(current.config, next.config, key)
      if (changed.length > 0) listener.reloaded({ applied: applied.map(({ key }) => key), restart: restart.map(({ key }) => key) })
    } catch (error) {
      listener.refused(toCanopyError(error))
    }
  }
  return current.file === undefined ? () => {} : follow(current.file, reload)
}

/** Calls back when the content of the file has changed and settled. */
function follow(file: string, changed: () => void): () => void {
  let seen = content(file)
  let settling: NodeJS.Timeout | undefined
  let since: number | undefined
  const watched = new Map<string, fs.FSWatcher>()
  const look = (): void => {
    since = undefined
    rewatch()
    const now = content(file)
    // Between the steps of a replacement there is no file, or an empty one: its arrival is an event of its own. What is empty would take every key away.
    if (now === undefined || now.trim() === '' || now === seen) return
    seen = now
    changed()
  }
  const settle = (): void => {
    // Something else in the folder may be written all the time: that puts a look off, but not for ever.
    since ??= performance.now()
    clearTimeout(settling)
    settling = setTimeout(look, Math.max(0, Math.min(SETTLE_MS, since + LONGEST_MS - performance.now()))).unref()
  }
  const rewatch = (): void => {
    const folders = foldersOf(file)
    for (const [folder, watcher] of watched) if (!folders.has(folder)) forget(folder, watcher)
    for (const folder of folders) if (!watched.has(folder)) watch(folder)
  }
  const watch = (folder: string): void => {
    try {
      const watcher = fs.watch(folder, { persistent: false }, settle)
      watched.set(folder, watcher)
      // A folder that goes away takes the watch with it, not the server.
      watcher.on('error', () => forget(folder, watcher))
    } catch {
      // It went away meanwhile.
    }
  }
  const forget = (folder: string, watcher: fs.FSWatcher): void => {
    watcher.close()
    watched.delete(folder)
  }
  rewatch()
  return () => {
    clearTimeout(settling)
    watched.forEach((watcher) => watcher.close())
  }
}

/** The folders in which something may happen to a file: its own, and those of what it is a link to. */
function foldersOf(file: string): Set<string> {
  const folders = new Set<string>()
  let at: string | undefined = file
  for (let hops = 0; at !== undefined && hops < MOST_LINKS; hops += 1) {
    const folder = realFolder(at)
    if (folder !== undefined) folders.add(folder)
    at = target(at)
  }
  return folders
}

function realFolder(file: string): string | undefined {
  try {
    return fs.realpathSync(path.dirname(file))
  } catch {
    return undefined
  }
}

/** Where a link leads; undefined for anything else. */
function target(link: string): string | undefined {
  try {
    return path.resolve(path.dirname(link), fs.readlinkSync(link))
  } catch {
    return undefined
  }
}

function content(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function take(into: Config, from: Config, key: string): void {
  const [section, name] = key.split('.') as [keyof Config, string]
  Object.assign(into[section], { [name]: (from[section] as Record<string, unknown>)[name] })
}
