import type { SpokenSegment, Transcript } from '../engine/speech.js'

/** How a transcript is written, by the names that OpenAI's API uses. */
export const FORMATS = ['json', 'text', 'srt', 'vtt', 'verbose_json'] as const
export type TranscriptFormat = (typeof FORMATS)[number]

/** Media types of the formats. */
export const MEDIA_TYPES: Readonly<Record<TranscriptFormat, string>> = {
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  verbose_json: 'application/json; charset=utf-8',
}

/** Which times `verbose_json` carries. */
export interface Granularity {
  words: boolean
  segments: boolean
}

/** A transcript in one of the formats; text ends with a newline. */
export function formatTranscript(transcript: Transcript, format: TranscriptFormat, granularity: Granularity = { words: true, segments: true }): string {
  switch (format) {
    case 'json':
      return JSON.stringify({ text: transcript.text })
    case 'text':
      return `${transcript.text}\n`
    case 'srt':
      return transcript.segments.map((segment, index) => `${index + 1}\n${span(segment, ',')}\n${line(segment.text)}\n`).join('\n')
    case 'vtt':
      return `WEBVTT\n\n${transcript.segments.map((segment) => `${span(segment, '.')}\n${escaped(line(segment.text))}\n`).join('\n')}`
    case 'verbose_json':
      return JSON.stringify(verbose(transcript, granularity))
  }
}

/** `1:02:03.456`-like, as people write times. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

function verbose({ text, language, duration, segments, device, xrt }: Transcript, { words, segments: wanted }: Granularity): object {
  const parts = segments.map((segment, id) => ({
    id,
    start: segment.start,
    end: segment.end,
    text: segment.text,
    avg_logprob: segment.meanLogProbability,
    no_speech_prob: segment.noSpeechProbability,
  }))
  const spoken = segments.flatMap((segment) => segment.words.map(({ word, start, end, probability }) => ({ word, start, end, probability })))
  return { task: 'transcribe', language, duration, text, ...(wanted ? { segments: parts } : {}), ...(words ? { words: spoken } : {}), device, xrt }
}

function span({ start, end }: SpokenSegment, point: string): string {
  return `${stamp(start, point)} --> ${stamp(end, point)}`
}

/** `00:01:02,345` */
function stamp(seconds: number, point: string): string {
  const milliseconds = Math.round(seconds * 1000)
  const parts = [Math.floor(milliseconds / 3_600_000), Math.floor(milliseconds / 60_000) % 60, Math.floor(milliseconds / 1000) % 60]
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}${point}${String(milliseconds % 1000).padStart(3, '0')}`
}

/** An empty line would end a cue. */
function line(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** What WebVTT takes for markup. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
