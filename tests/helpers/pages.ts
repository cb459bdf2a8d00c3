import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** A page for people. */
export interface Page {
  name: string
  text: string
}

/** A fenced block: what stands behind its fence, and its lines. */
export interface Block {
  page: string
  tag: string
  text: string
}

/** README, the pages of docs/ and those of the examples. */
export function pages(): Page[] {
  const files = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...readdirSync('docs').filter((file) => file.endsWith('.md')).map((file) => path.join('docs', file))]
  return files.map((name) => ({ name, text: readFileSync(name, 'utf8') }))
}

/** The fenced blocks of a page, and the page without them. */
export function blocks({ name, text }: Page): { blocks: Block[]; prose: string } {
  const found: Block[] = []
  const prose = text.replaceAll(/^( *)```([^\n]*)\n([^]*?)^ *```$/gm, (_, indent: string, tag: string, inner: string) => {
    found.push({ page: name, tag: tag.trim(), text: inner.replaceAll(new RegExp(`^${indent}`, 'gm'), '') })
    return ''
  })
  return { blocks: found, prose }
}

/** What stands between backticks in a line. */
export function spans(prose: string): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
}
