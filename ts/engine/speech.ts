import type { BindingSpeech } from '#native'
import { binding } from './binding.js'
import { cancellable, type LongCallOptions } from './cancel.js'
import { unwrap } from './error.js'
import { startIdleTimer } from './idle.js'
import { parse, stringify } from './json.js'
import { traced } from './trace.js'

/** A word with the punctuation that clings to it. Times are in seconds of the recording. */
export interface SpokenWord {
  word: string
  start: number
  end: number
  /** The least probability of its tokens, 0 to 1. */
  probability: number
}

/** A sentence or a part of one. Times are in seconds of the recording. */
export interface SpokenSegment {
  start: number
  end: number
  text: string
  /** How sure the model is that nobody spoke, 0 to 1. */
  noSpeechProbability: number
  /** Mean of the logarithm of the tokens' probabilities. */
  meanLogProbability: number
  words: SpokenWord[]
}

/** A recording, written down. */
export interface Transcript {
  text: string
  /** Code of the language that was spoken: `en`. */
  language: string
  /** Seconds of the recording. */
  duration: number
  /** Seconds of it in which somebody speaks; the rest costs nothing. */
  voiced: number
  /** Seconds that transcribing took. */
  seconds: number
  /** `seconds / duration`: below 1 is faster than speech. */
  xrt: number
  device: 'cpu' | 'gpu'
  /** How often a graphics card's memory didn't suffice and the processor took over. */
  fallbacks: number
  segments: SpokenSegment[]
}

/** How a recording is transcribed. */
export interface TranscribeOptions extends LongCallOptions {
  /** Code or English name of the language; found out where it is left out. Weights that end in `.en` know English only. */
  language?: string | undefined
  /** Write it down in English, whatever is spoken. */
  translate?: boolean | undefined
  /** Text whose words and style are to be expected: names, abbreviations. */
  prompt?: string | undefined
  /** 0 (default) to 1: how freely words are chosen. */
  temperature?: number | undefined
  /** Refuse longer recordings; default 4 hours. */
  maxSeconds?: number | undefined
  /** `false` fails with MODEL_LOADING while the weights are being loaded. */
  wait?: boolean | undefined
}

/** Speech weights and their state. */
export interface SpeechModelInfo {
  path: string
  state: 'unloaded' | 'loading' | 'loaded'
  memoryBytes: number
}

const IDLE_MS = 10 * 60 * 1000

/**
 * Speech to text with Whisper (Radford et al. 2022; run by whisper.cpp), on the core's threads.
 *
 * The weights (a file in ggml format) are loaded at the first call and unloaded when nobody used them for a while. Recordings may be wav, mp3,
 * flac, ogg or webm (Opus or Vorbis), m4a (AAC or ALAC) or aiff of any rate; only the passages in which somebody speaks are transcribed.
 */
export class Transcriber {
  readonly #native: BindingSpeech
  readonly #idle: NodeJS.Timeout

  constructor(weights: string, { idleMs = IDLE_MS }: { idleMs?: number | undefined } = {}) {
    this.#native = new (binding().BindingSpeech)(weights, idleMs)
    this.#idle = startIdleTimer(idleMs, () => this.#native.unloadIdle())
  }

  /**
   * Writes a recording down: its bytes, or the path of its file.
   *
   * Throws `SPEECH_MODEL_MISSING`, `SPEECH_MODEL_CORRUPT`, `MODEL_LOADING`, `AUDIO_UNSUPPORTED`, `AUDIO_DAMAGED`, `AUDIO_EMPTY`,
   * `AUDIO_TOO_LONG`, `AUDIO_UNREADABLE`, `SPEECH_LANGUAGE`, `SPEECH_OPTION`.
   */
  async transcribe(recording: string | Uint8Array, { signal, onProgress, ...options }: TranscribeOptions = {}): Promise<Transcript> {
    const source = typeof recording === 'string' ? recording : Buffer.from(recording.buffer, recording.byteOffset, recording.byteLength)
    return traced('model.transcribe', {}, async (span) => {
      const transcript: Transcript = parse(await cancellable(signal, (cancel) => this.#native.transcribe(source, stringify(options), cancel, onProgress)))
      span.set({ 'canopy.device': transcript.device, 'canopy.audio_seconds': transcript.duration })
      return transcript
    })
  }

  /** Loads the weights now, so that the first call needn't wait for them. */
  async load(): Promise<void> {
    unwrap(await this.#native.load())
  }

  /** The file and whether it is loaded. */
  async info(): Promise<SpeechModelInfo> {
    return parse(unwrap(await this.#native.info()))
  }

  /** Unloads the weights; running calls keep them until they are done. */
  async close(): Promise<void> {
    clearInterval(this.#idle)
    unwrap(await this.#native.unload())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
