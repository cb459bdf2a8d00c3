import { pathToFileURL } from 'node:url'
import { at } from './paths.js'

interface Services {
  up(names: string[]): Promise<Record<string, { state: string; url?: string; reason?: string }>>
  down(names: string[]): Promise<void>
}

/** A server (or a folder that stands for one): the one that CANOPY_TEST_… names, that runs already, or one that is brought up for the bench. */
export async function service(name: 'neo4j' | 'postgres' | 'redis' | 'whisper'): Promise<{ url: string; stop: () => Promise<void> }> {
  const services = (await import(pathToFileURL(at('scripts', 'services', 'index.mjs')).href)) as Services
  const { state, url, reason } = (await services.up([name]))[name] ?? { state: 'missing' }
  if (url === undefined) throw new Error(`${name} is ${state}: ${reason}`)
  return { url, stop: () => (state === 'started' ? services.down([name]) : Promise.resolve()) }
}
