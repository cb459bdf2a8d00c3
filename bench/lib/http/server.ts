// Runs in a process of its own, as a user's server does: server.js FOLDER [SETTINGS as JSON]. Speaks with its parent over IPC.

import { loadConfig } from '#dist/config/load.js'
import { residentBytes } from '#dist/engine/binding.js'
import { startServer } from '#dist/server/start.js'
import { LoopWatch } from '../loop.js'

const { config } = loadConfig({ flags: { 'data.dir': process.argv[2] ?? '', 'server.port': 0, 'log.level': 'warn', ...(JSON.parse(process.argv[3] ?? '{}') as object) } })
const { url, stop } = await startServer(config, { signals: false })
const watch = new LoopWatch()
process.on('message', (message) => {
  if (message === 'reset') watch.reset()
  if (message === 'memory') process.send?.({ memory: residentBytes() })
  if (message === 'read') void watch.read().then((seen) => process.send?.(seen))
  if (message === 'stop') {
    watch.stop()
    void stop().then(() => process.disconnect())
  }
})
process.send?.(url)
