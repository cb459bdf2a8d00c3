import { createHash, randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { textArgument } from '../input.js'
import { report } from '../output.js'
import { globals } from '../session.js'

/** Bytes of a new key: nobody guesses 256 bits, so one round of SHA-256 keeps its digest as safe as a slow hash would. */
const KEY_BYTES = 32
/** A digest is only as good as its key: short ones are found by trying. */
const SHORTEST = 16

/** key */
export function addCommands(root: Command): void {
  const key = root.command('key').description('make API keys, and the digests that stand for them in the configuration')

  key
    .command('create', { isDefault: true })
    .description('make a key of 256 bits: the key is for the client, the digest for auth.keys, auth.readOnlyKeys or a tenant')
    .action((_options: object, command: Command) => {
      const made = `canopy_${randomBytes(KEY_BYTES).toString('base64url')}`
      print(command, { key: made, digest: digest(made) })
    })

  key
    .command('digest')
    .description('print the digest of a key that is piped in')
    .action(async (_options: object, command: Command) => {
      const piped = (await textArgument([])).trim()
      if (piped.length < SHORTEST) throw new CanopyError('KEY_SHORT', 'invalid_input', `a key has ${SHORTEST} characters or more, this one has ${piped.length}: \`canopy key create\` makes a new one`)
      print(command, { digest: digest(piped) })
    })
}

function digest(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

function print(command: Command, made: Record<string, string>): void {
  report(globals(command).json, made, () => Object.entries(made).map(([name, value]) => `${name}: ${value}`))
}
