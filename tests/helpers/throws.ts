import type { ExecutionContext } from 'ava'
import { CanopyError } from '../../ts/index.js'

/** Asserts that work fails with this code and says what to do in a sentence. */
export async function fails(t: ExecutionContext, code: string, work: () => Promise<unknown>): Promise<CanopyError | undefined> {
  const error = await t.throwsAsync(work)
  t.true(error instanceof CanopyError, `${error} is a CanopyError`)
  if (!(error instanceof CanopyError)) return undefined
  t.is(error.code, code, error.message)
  t.regex(error.message, /\w+ \w+ \w+/, 'a sentence')
  return error
}
