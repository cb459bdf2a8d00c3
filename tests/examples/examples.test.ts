import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { serve } from '../helpers/server.js'
import { using } from '../helpers/services.js'
import { recording, weights } from '../helpers/speech.js'
import { folder } from '../helpers/temp.js'

const start = promisify(execFile)
/** What an example prints; it fails when the example does. */
const run = async (example: string, ...args: string[]): Promise<string> => (await start(process.execPath, [`examples/${example}/run.mjs`, ...args])).stdout

test('notes: the right file answers the question, and a second run embeds nothing anew', async (t) => {
  const data = await folder(t)
  t.regex(await run('notes', '--data', data), /4 files read: 4 new[^]*\d  green-tea\.md  \(words/)
  const again = await run('notes', '--data', data, 'when does the ship go?')
  t.regex(again, /4 files read: 0 new, 4 already known\n[\d.]+  holiday\.md[^]*most like holiday\.md: /)
})

test('server: queue, search and explanation; a second run is told that its batch is there', async (t) => {
  const { url } = await serve(t)
  const first = await run('server', '--url', url)
  t.regex(first, /4 records accepted\n[\d.]+  radiator: [^]*radiator is joined to \S+, which counts 0\.\d\d/)
  t.regex(await run('server', '--url', url), /4 records accepted, again\n/)
})

using('whisper')('voice-notes: a question finds what was said and when', async (t) => {
  const said = await run('voice-notes', '--data', await folder(t), '--weights', weights(), recording('beckett.wav'))
  t.regex(said, /beckett\.wav: [\d.]+ s, written down in [\d.]+ s on the cpu\n\S*beckett\.wav at [\d.]+ s: .*fail again/i)
})
