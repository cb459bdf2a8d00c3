// What a person sees while scripts work: one line a step, with its time.

const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined

const BEAT_MS = 30_000

/** Text in a terminal style, plain where nobody can see it. */
export const style = {
  bold: (text) => (colour ? `\u001B[1m${text}\u001B[22m` : text),
  dim: (text) => (colour ? `\u001B[2m${text}\u001B[22m` : text),
  green: (text) => (colour ? `\u001B[32m${text}\u001B[39m` : text),
  red: (text) => (colour ? `\u001B[31m${text}\u001B[39m` : text),
  yellow: (text) => (colour ? `\u001B[33m${text}\u001B[39m` : text),
}

/** Something that a person must do first; printed without a stack. */
export class Missing extends Error {}

/** Runs one step and prints how long it took. */
export async function step(label, work) {
  const started = performance.now()
  process.stdout.write(`${style.dim('…')} ${label}\n`)
  try {
    const result = await heartbeat(label, work)
    console.log(`${style.green('✓')} ${label} ${style.dim(seconds(started))}`)
    return result
  } catch (error) {
    console.log(`${style.red('✗')} ${label} ${style.dim(seconds(started))}`)
    throw error
  }
}

/** Says now and then that long work is still going on. */
export async function heartbeat(label, work) {
  const started = performance.now()
  const beat = setInterval(() => console.log(style.dim(`  still ${label}: ${seconds(started)}`)), BEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

/** The time since `started` for people. */
export const seconds = (started) => `${((performance.now() - started) / 1000).toFixed(1)} s`

/** Runs a script's main function; a `Missing` is printed as its sentence. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    const known = error instanceof Missing || error?.name === 'CanopyError' || String(error?.code).startsWith('ERR_PARSE_ARGS')
    console.error(style.red(known ? `${error.message}${error.code === undefined ? '' : ` [${error.code}]`}` : String(error?.stack ?? error)))
    process.exitCode = 1
  }
}
