// npm run services -- up | down | status [name…]: real Neo4j, PostgreSQL with pgvector, Redis, Toxiproxy, the programs of Prometheus, and Whisper's weights with real speech on this machine.
// Downloads, data and the endpoints (state.json) are in .cache/services.

import { down, guarding, names, status, up, variable } from './services/index.mjs'
import { main, Missing, seconds, step, style } from './lib/say.mjs'

const [action = 'status', ...rest] = process.argv.slice(2)

await main(async () => {
  if (action === 'guard') return guarding(Number(rest[0]), rest.slice(1))
  const wanted = rest.length === 0 ? names : rest
  const unknown = wanted.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Missing(`there is no service "${unknown}": choose from ${names.join(', ')}`)
  const actions = { up: start, down: stop, status: show }
  if (actions[action] === undefined) throw new Missing(`"${action}" is none of up, down, status`)
  return actions[action](wanted)
})

async function start(wanted) {
  const began = performance.now()
  const services = await step(`bringing up ${wanted.join(', ')} (the first time they are downloaded)`, () => up(wanted))
  for (const [name, { state, url, reason }] of Object.entries(services)) {
    const mark = url === undefined ? style.red('✗') : style.green('✓')
    console.log(`${mark} ${name} ${url === undefined ? `${state}: ${reason}` : `${style.dim(state)} ${variable(name)}=${url}`}`)
  }
  console.log(style.dim(`all in ${seconds(began)}`))
  if (Object.values(services).some(({ url }) => url === undefined)) process.exitCode = 1
}

async function stop(wanted) {
  await step(`ending ${wanted.join(', ')}`, () => down(wanted))
}

async function show(wanted) {
  const found = await status()
  for (const name of wanted) {
    const known = found[name]
    console.log(known === undefined ? `${name}: down` : `${name}: ${known.healthy ? 'up' : 'gone'}, ${known.url}, process ${known.pid}`)
  }
  if (wanted.some((name) => found[name]?.healthy !== true)) process.exitCode = 1
}
