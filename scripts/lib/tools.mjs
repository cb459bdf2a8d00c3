import { Missing } from './say.mjs'
import { version } from './run.mjs'

const NODE_MAJOR = 20

/** Says what is missing and how to get it, before anything else is done. */
export function checkNode() {
  const major = Number(process.versions.node.split('.', 1)[0])
  if (major >= NODE_MAJOR) return
  throw new Missing(`Node ${NODE_MAJOR} or newer is needed, this is ${process.versions.node}. Get it from https://nodejs.org or with your version manager (nvm install ${NODE_MAJOR}).`)
}

/** The compilers that the native core is built with. */
export function checkCompilers() {
  if (version('cargo') === undefined) {
    throw new Missing('cargo is not found: the native core is written in Rust. Install it from https://rustup.rs (one command, no administrator needed), open a new terminal and run this again.')
  }
  if (process.platform !== 'win32' && [process.env.CC, 'cc', 'gcc', 'clang'].every((name) => name === undefined || version(name) === undefined)) {
    throw new Missing('no C compiler is found: SQLite is compiled into the native core. Install one: `sudo apt-get install build-essential` (Debian, Ubuntu), `sudo dnf install gcc-c++` (Fedora), `apk add build-base` (Alpine), `xcode-select --install` (macOS).')
  }
}
