// node scripts/kernels.mjs [--write]: compiles the CUDA kernels to PTX and, as a check, to machine code; needs no GPU. Without --write it fails where the PTX in the
// tree isn't what comes out.

import { compile, keep, kept } from './lib/kernels.mjs'
import { Missing, main } from './lib/say.mjs'

await main(async () => {
  const write = process.argv.includes('--write')
  const stale = []
  for (const kernel of await compile()) {
    const chips = Object.entries(kernel.chips).map(([chip, bytes]) => `${chip} ${bytes} bytes`)
    console.log(`${kernel.name}: PTX ${kernel.ptx.length} bytes, ${chips.join(', ')}`)
    if (write) keep(kernel)
    else if (kept(kernel.name) !== kernel.ptx) stale.push(kernel.name)
  }
  if (stale.length > 0) throw new Missing(`the PTX of ${stale.join(', ')} isn't what its source gives: run \`node scripts/kernels.mjs --write\` and commit it`)
})
