import fs from 'node:fs'
import path from 'node:path'
import { toCanopyError, type CanopyError } from '../engine/error.js'
import type { Loaded } from './load.js'
import { settings, type Config } from './schema.js'

// An editor saves in several steps: empties, writes, renames.
const SETTLE_MS = 100

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
 * `load` merges all sources anew, so that flags and the environment still win. The folder is watched rather than the file: editors and
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
  const look = (): void => {
    const now = content(file)
    // Between the two steps of a replacement there is no file; its arrival is an event of its own.
    if (now === undefined || now === seen) return
    seen = now
    changed()
  }
  const watcher = fs.watch(path.dirname(file), { persistent: false }, () => {
    clearTimeout(settling)
    settling = setTimeout(look, SETTLE_MS).unref()
  })
  // A folder that goes away takes the watch with it, not the server.
  watcher.on('error', () => watcher.close())
  return () => {
    clearTimeout(settling)
    watcher.close()
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
