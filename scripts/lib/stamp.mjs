import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { at } from './paths.mjs'

/** Folders with what work leaves behind. */
const SKIPPED = new Set(['target', 'node_modules', 'results'])

/** Every file below a path, or the path itself. */
function* files(name) {
  const stat = statSync(name, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) yield name
  else for (const entry of readdirSync(name).toSorted()) if (!SKIPPED.has(entry)) yield* files(path.join(name, entry))
}

/** A hash over names and contents of everything below these paths: what git checks out anew is still the same. */
export function fingerprint(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((name) => [...files(at(name))])) hash.update(`${path.relative(at(), file)}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** Does work only when its inputs changed since it last succeeded, or an output is gone. Answers whether it did. */
export async function whenChanged(name, inputs, outputs, work) {
  const stamp = at('.cache', `${name}.stamp`)
  const now = fingerprint(inputs)
  const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === now && outputs.every((output) => existsSync(at(output)))
  if (fresh) return false
  await work()
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, now)
  return true
}
