import { createHash, randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { textArgument } from '../input.js'
import { report } from '../output.js'
import { globals } from '../session.js'

/** Bytes of a new key: nobody guesses 256 bits, so one round of SHA-256 keeps its digest as safe as a slow hash would. */
const KEY_BYTES = 32
const SHORTEST = 16

/** key */
export function addCommands(root: Command): void {
  root
    .command('key')
    .description('make an API key, and the digest that stands for it in the configuration')
    .option('--stdin', 'the digest of a key that is piped in instead')
    .action(async ({ stdin = false }: { stdin?: boolean }, command: Command) => {
      const key = stdin ? (await textArgument([])).trim() : `canopy_${randomBytes(KEY_BYTES).toString('base64url')}`
      if (key.length < SHORTEST) throw new CanopyError('KEY_SHORT', 'invalid_input', `a key has ${SHORTEST} characters or more, this one has ${key.length}: leave --stdin out to get a new one`)
      const digest = `sha256:${createHash('sha256').update(key).digest('hex')}`
      const made = stdin ? { digest } : { key, digest }
      report(globals(command).json, made, () => Object.entries(made).map(([name, value]) => `${name}: ${value}`))
    })
}
