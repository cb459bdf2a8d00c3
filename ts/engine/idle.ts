/** Runs `release` now and then while something may be idle for `idleMs`; the timer keeps no process alive. @internal */
export function startIdleTimer(idleMs: number, release: () => Promise<unknown>): NodeJS.Timeout {
  const timer = setInterval(() => void release(), Math.min(Math.max(idleMs / 4, 50), 30_000))
  timer.unref()
  return timer
}
