// npm run sbom [-- FILE]: a bill of materials in CycloneDX (default sbom.cdx.json): npm packages, crates, models.

import { writeFileSync } from 'node:fs'
import { sbom } from './lib/sbom.mjs'
import { main } from './lib/say.mjs'

await main(async () => {
  const [, , file = 'sbom.cdx.json'] = process.argv
  const bom = await sbom()
  writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`)
  console.log(`${file}: ${bom.components.length} components`)
})
