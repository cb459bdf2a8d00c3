// The types of the native core, as the napi macros tell them: compared with native/index.d.ts, or written with --write.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { generateTypeDef } from '@napi-rs/cli'
import { typeDefinitions } from './lib/build.mjs'
import { at } from './lib/paths.mjs'
import { Missing, main } from './lib/say.mjs'

const FILE = 'native/index.d.ts'
// The macros write the alias of crates/node by its name only.
const HEADER = `/* Written by \`node scripts/native-types.mjs --write\` from crates/node. Don’t edit. */

/** A value or an error; \`unwrap\` in ts/engine throws the error. */
export type Outcome<T> = T | BindingError

`

await main(async () => {
  if (!existsSync(typeDefinitions)) throw new Missing('the native core has to be built first: npm run build -- native')
  const { dts } = await generateTypeDef({ typeDefDir: typeDefinitions, cwd: at(), noDtsHeader: true })
  const wanted = HEADER + dts.trimStart()
  if (process.argv.includes('--write')) return writeFileSync(at(FILE), wanted)
  if (readFileSync(at(FILE), 'utf8') !== wanted) throw new Missing(`${FILE} is not what crates/node exports; run: node scripts/native-types.mjs --write`)
})
