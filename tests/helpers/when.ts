import test, { type TestFn } from 'ava'

/** `test` where a condition holds; else the test is reported as skipped, by its name. */
export function when(condition: boolean): TestFn {
  return (condition ? test : test.skip) as TestFn
}
