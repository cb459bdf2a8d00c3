// npm run build: everything that changed. `npm run build -- native` or `-- typescript` builds one part.

import { main } from './lib/say.mjs'
import { native, packages, tests, typescript } from './lib/build.mjs'
import { checkCompilers, checkNode } from './lib/tools.mjs'

const parts = { packages, native, typescript, tests }

await main(async () => {
  checkNode()
  const wanted = process.argv.slice(2)
  for (const [name, build] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    if (name === 'native') checkCompilers()
    await build()
  }
})
