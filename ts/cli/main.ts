#!/usr/bin/env node
import { program } from './program.js'
import { fail } from './output.js'

// `canopy … | head` closes our output: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await program().parseAsync()
} catch (error) {
  process.exitCode = fail(error, process.argv.includes('--json'))
}
