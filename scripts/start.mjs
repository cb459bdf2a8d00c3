// npm start: from a clone to a running search. Needs nothing but Node and compilers, and says so where they are missing.
//   npm start -- --once     answer the example questions and stop
//   npm start -- --port N   serve on another port

import util from 'node:util'
import { native, packages, typescript } from './lib/build.mjs'
import { main } from './lib/say.mjs'
import { checkCompilers, checkNode } from './lib/tools.mjs'

await main(async () => {
  checkNode()
  const { values } = util.parseArgs({ options: { once: { type: 'boolean', default: false }, port: { type: 'string' }, host: { type: 'string' } } })
  checkCompilers()
  await packages()
  await native()
  await typescript()
  const { demo } = await import('./demo.mjs')
  await demo(values)
})
