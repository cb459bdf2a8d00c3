import { InvalidArgumentError, Option, type Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { Transcriber } from '../../engine/speech.js'
import type { Transcript, TranscribeOptions } from '../../engine/speech.js'
import { FORMATS, formatTranscript, type TranscriptFormat } from '../../speech/formats.js'
import { transcriptRecords } from '../../speech/records.js'
import { speechWeights } from '../../speech/weights.js'
import { number } from '../input.js'
import { report } from '../output.js'
import { withProgress } from '../progress.js'
import { configuration, globals, withDatabase, withInterrupt } from '../session.js'

interface Options extends Pick<TranscribeOptions, 'language' | 'translate' | 'prompt' | 'temperature'> {
  format: TranscriptFormat
  add?: string
  model?: string
  source?: string
}

/** transcribe */
export function addCommands(root: Command): void {
  root
    .command('transcribe <files...>')
    .description('write recordings down (wav, mp3, flac, ogg, m4a, …)')
    .addOption(new Option('-f, --format <format>', 'how it is written').choices(FORMATS).default('text'))
    .option('-l, --language <code>', 'the language; found out by default')
    .option('--translate', 'write it down in English')
    .option('--prompt <text>', 'names and words to expect')
    .option('--temperature <t>', '0 to 1: how freely words are chosen', fraction)
    .option('--add <collection>', 'also store it, with time codes that search results carry')
    .option('--source <address>', 'what the records are called by instead of the file: where it can be listened to')
    .option('--model <file>', 'Whisper weights in ggml format (speech.model)')
    .action(async (files: string[], { format, add, model, source, ...options }: Options, command: Command) => {
      if (source !== undefined && files.length > 1) throw new CanopyError('USAGE', 'invalid_input', `--source names one recording, and ${files.length} are given`)
      const { config } = configuration(command, model === undefined ? {} : { 'speech.model': model })
      const transcriber = new Transcriber(speechWeights(config))
      const { maxSeconds } = config.speech
      try {
        const write = async (signal: AbortSignal, store?: (file: string, transcript: Transcript) => Promise<number>): Promise<void> => {
          for (const file of files) {
            const transcript = await withProgress(`transcribing ${file}`, '‰', (onProgress) => transcriber.transcribe(file, { ...options, maxSeconds, signal, onProgress }))
            const records = await store?.(file, transcript)
            report(globals(command).json, { file, ...transcript, records }, () => [formatTranscript(transcript, format).trimEnd(), ...(records === undefined ? [] : [`${records} records stored in ${add ?? ''}`])])
          }
        }
        if (add === undefined) await withInterrupt((signal) => write(signal))
        else {
          await withDatabase(command, 'write', async ({ db, signal }) => {
            const collection = await db.ensure(add)
            await write(signal, async (file, transcript) => (await collection.upsert(transcriptRecords(source ?? file, transcript), { signal })).length)
          })
        }
      } finally {
        await transcriber.close()
      }
    })
}

function fraction(text: string): number {
  const value = number(text)
  if (value < 0 || value > 1) throw new InvalidArgumentError('give 0 to 1')
  return value
}
