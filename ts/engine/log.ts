/** Something the core said while it worked on its own threads, with what belongs to it: `code`, `collection`, `error`. */
export interface LogEntry {
  level: 'info' | 'warn' | 'error'
  message: string
  [field: string]: unknown
}

const listeners = new Set<(entry: LogEntry) => void>()

/**
 * Calls `listener` with what the core says from now on: that there is no GPU and the processor works, that an index is built again and why. Answers how to stop.
 *
 * While nobody listens, warnings and errors are `CanopyWarning`s of the process.
 */
export function onLog(listener: (entry: LogEntry) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Hands on what the core said. @internal */
export function said(json: string): void {
  const entry = JSON.parse(json) as LogEntry
  for (const listener of listeners) listener(entry)
  if (listeners.size > 0 || entry.level === 'info') return
  const { message, level: _, code, ...rest } = entry
  process.emitWarning(message, { type: 'CanopyWarning', ...(typeof code === 'string' ? { code } : {}), detail: JSON.stringify(rest) })
}
