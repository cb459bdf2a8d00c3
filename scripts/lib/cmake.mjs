// CMake builds whisper.cpp. Where the system has none, the one in the Python package index does.

import { chmodSync } from 'node:fs'
import { home, once, wheel } from '../services/lib.mjs'
import { run, version } from './run.mjs'
import { Missing, step } from './say.mjs'

const WHEEL = { spec: 'cmake==3.31.6', sum: '1c8b05df0602365da91ee6a3336fe57525b137706c4ab5675498f662ae1dbcec', tags: ['--platform', 'manylinux_2_17_x86_64'] }

/** Makes sure that cargo finds a CMake: the system's, that of the variable CMAKE, or one of our own. */
export async function cmake() {
  if (version(process.env.CMAKE ?? 'cmake') !== undefined) return
  const folder = home('cmake')
  const program = `${folder}/cmake/data/bin/cmake`
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Missing('there is none for this platform')
    await once(folder, () => step('downloading CMake', () => wheel(folder, WHEEL)))
    chmodSync(program, 0o755)
    await run(program, ['--version'], { quiet: true })
  } catch (error) {
    throw new Missing(`CMake is not found, and none could be downloaded (${error.message}): whisper.cpp is compiled into the native core. Install it: \`sudo apt-get install cmake\` (Debian, Ubuntu), \`sudo dnf install cmake\` (Fedora), \`apk add cmake\` (Alpine), \`brew install cmake\` (macOS), \`winget install Kitware.CMake\` (Windows).`)
  }
  process.env.CMAKE = program
}
