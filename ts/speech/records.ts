import type { SpokenSegment, Transcript } from '../engine/speech.js'
import type { RecordInput } from '../engine/types.js'

/** Characters after which the next sentence begins a new record: what a search result can show and an embedding model reads whole. */
const CHARACTERS = 400

/**
 * A transcript as records of a collection: a few sentences each, with `source`, `start` and `end` (seconds) in their metadata, so that a hit
 * tells where to listen. Ids are made of the source and the time: transcribing again replaces.
 */
export function transcriptRecords(source: string, transcript: Transcript): RecordInput[] {
  const groups: SpokenSegment[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const segment of transcript.segments) {
    if (length + segment.text.length > CHARACTERS) {
      groups.push([])
      length = 0
    }
    groups.at(-1)?.push(segment)
    length += segment.text.length
  }
  return groups.flatMap((group) => {
    const [first, last] = [group[0], group.at(-1)]
    if (first === undefined || last === undefined) return []
    const text = group.map((segment) => segment.text).join(' ')
    return [{ id: `${source}#t=${first.start.toFixed(2)}`, text, metadata: { source, start: first.start, end: last.end, language: transcript.language } }]
  })
}
