import type { Highlight, SearchRequest } from '../engine/types.js'

/** Characters that stand around each match in a marked text; whoever marks it takes them out of the text first. */
const MARKS = { start: '\u0002', stop: '\u0003' }

const MARK = new RegExp(`([${MARKS.start}${MARKS.stop}])`)

const DEFAULTS = { length: 160, fragments: 1 }

/** The sizes that a request asks for, or nothing where it wants no highlights. */
export function highlightSizes({ highlight = false }: SearchRequest): { length: number; fragments: number } | undefined {
  if (highlight === false) return undefined
  return highlight === true ? DEFAULTS : { length: highlight.length ?? DEFAULTS.length, fragments: highlight.fragments ?? DEFAULTS.fragments }
}

/** The pieces of a marked text with the most matches, in their order; the beginning where nothing matches. */
export function highlights(marked: string, { length, fragments }: { length: number; fragments: number }): Highlight[] {
  const { text, spans } = unmark(marked)
  const windows: Array<{ from: number; to: number; matches: number }> = []
  for (const [start, end] of spans) {
    const last = windows.at(-1)
    if (last !== undefined && end <= last.to) last.matches += 1
    else windows.push({ ...around(text, start, end, length, last?.to ?? 0), matches: 1 })
  }
  if (windows.length === 0) windows.push({ ...around(text, 0, 0, length, 0), matches: 0 })
  const best = windows.toSorted((a, b) => b.matches - a.matches || a.from - b.from).slice(0, fragments)
  return best.toSorted((a, b) => a.from - b.from).map(({ from, to }) => piece(text, spans, from, to))
}

function unmark(marked: string): { text: string; spans: Array<[number, number]> } {
  const spans: Array<[number, number]> = []
  let text = ''
  let open: number | undefined
  for (const part of marked.split(MARK)) {
    if (part === MARKS.start) open = text.length
    else if (part !== MARKS.stop) text += part
    else if (open !== undefined) {
      spans.push([open, text.length])
      open = undefined
    }
  }
  return { text, spans }
}

/** A window around a match, at words' ends where there are any near, and never through a character. */
function around(text: string, start: number, end: number, length: number, least: number): { from: number; to: number } {
  let from = Math.max(least, start - Math.max(0, Math.floor((length - (end - start)) / 3)))
  let to = Math.min(text.length, Math.max(end, from + length))
  if (from > least) {
    const space = text.slice(from, start).search(/\s/)
    if (space >= 0) from += space + 1
  }
  if (to < text.length) {
    const space = text.slice(end, to).search(/\s\S*$/)
    if (space > 0) to = end + space
  }
  if (isLow(text, from)) from += 1
  if (isLow(text, to)) to += 1
  return { from, to }
}

const isLow = (text: string, at: number): boolean => at > 0 && at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00

function piece(text: string, all: ReadonlyArray<[number, number]>, from: number, to: number): Highlight {
  const spans = all.filter(([start, end]) => start >= from && end <= to).map(([start, end]): [number, number] => [start - from, end - from])
  const part = text.slice(from, to)
  let at = 0
  let html = ''
  for (const [start, end] of spans) {
    html += `${escaped(part.slice(at, start))}<mark>${escaped(part.slice(start, end))}</mark>`
    at = end
  }
  return { text: part, html: html + escaped(part.slice(at)), spans }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
