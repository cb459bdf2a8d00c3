import test, { type ExecutionContext, type Implementation } from 'ava'

/** The servers that `npm run services` knows. */
export type ServiceName = 'neo4j' | 'postgres' | 'prometheus' | 'redis' | 'toxiproxy' | 'whisper'

/** Where a server is, if there is one. */
export const endpoint = (name: ServiceName): string | undefined => process.env[`CANOPY_TEST_${name.toUpperCase()}`] || undefined

/** The endpoint of a server whose tests run. */
export function at(name: ServiceName): string {
  const url = endpoint(name)
  if (url === undefined) throw new Error(`CANOPY_TEST_${name.toUpperCase()} is not set`)
  return url
}

/** `test` with these servers; without one of them the test is reported as skipped, under the name of the one that is missing. */
export function using(...names: ServiceName[]): (title: string, work: (t: ExecutionContext) => Promise<void>) => void {
  const missing = names.find((name) => endpoint(name) === undefined)
  return (title, work) => {
    // Transcribing uses all cores: two at once take more than twice as long.
    const run = names.includes('whisper') ? test.serial : test
    if (missing === undefined) run(title, work as Implementation<[]>)
    else test.skip(`[${missing}] ${title}`, work as Implementation<[]>)
  }
}
