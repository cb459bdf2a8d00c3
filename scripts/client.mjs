// The types of the HTTP client come from the server's own description: `node scripts/client.mjs` checks them, `--write` writes them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openapiTypes } from './lib/openapi-types.mjs'
import { at } from './lib/paths.mjs'
import { main } from './lib/say.mjs'

const FILE = at('ts', 'client', 'api.ts')

await main(async () => {
  const [{ loadConfig }, { startServer }] = await Promise.all([import('../dist/config/load.js'), import('../dist/server/start.js')])
  const folder = mkdtempSync(path.join(os.tmpdir(), 'canopy-client-'))
  const { config } = loadConfig({ env: {}, cwd: folder, flags: { 'data.dir': path.join(folder, 'data'), 'server.port': 0, 'log.level': 'silent' } })
  const { url, stop } = await startServer(config, { signals: false })
  try {
    const types = openapiTypes(await (await fetch(`${url}/openapi.json`)).json())
    if (process.argv.includes('--write')) writeFileSync(FILE, types)
    else if (readFileSync(FILE, 'utf8') !== types) throw new Error('ts/client/api.ts is not what the server describes: node scripts/client.mjs --write')
  } finally {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
