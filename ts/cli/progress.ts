import { Presets, SingleBar } from 'cli-progress'

/** Runs work with a progress bar on standard error, where that is a terminal. */
export async function withProgress<T>(label: string, unit: string, work: (onProgress: (done: number, total: number) => void) => Promise<T>): Promise<T> {
  const bar = new SingleBar({ format: `${label} {bar} {value}/{total} ${unit}, {duration_formatted}`, stream: process.stderr, clearOnComplete: true, hideCursor: true, noTTYOutput: false }, Presets.shades_classic)
  let started = false
  try {
    return await work((done, total) => {
      if (!process.stderr.isTTY) return
      if (!started) bar.start(total, done)
      else bar.update(done)
      started = true
      bar.setTotal(Math.max(total, done))
    })
  } finally {
    if (started) bar.stop()
  }
}
