import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import test from 'ava'
import safe from 'safe-regex2'
import { ConfigSchema } from '../../ts/config/schema.js'

/** Regular expressions as they are written in a source file, behind the strings and comments that could be taken for one. Divisions don't follow these characters. */
const SOURCE = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[^]*?\*\/|(?<=[(,=:[!&|?{};\n]\s*|return )(?<pattern>\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*)/g

/** Repetitions within repetitions that can be taken apart in one way only, and texts that would take for ever otherwise. */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  'migrate/postgres/sql.ts': [`/*${'/**/'.repeat(60)}`, `/*${'/*a*/'.repeat(60)}*`, "'".repeat(20_001), `$a$${'$a'.repeat(5_000)}`, '/*'.repeat(2_000)],
}

function timed(pattern: RegExp, text: string): number {
  const began = performance.now()
  text.replaceAll(new RegExp(pattern.source, [...new Set(`${pattern.flags}g`)].join('')), '')
  return performance.now() - began
}

test('no pattern of ours takes exponential time on any text', (t) => {
  const sources = readdirSync('ts', { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?[jt]s$/.test(file)).map((file) => [file, readFileSync(path.join('ts', file), 'utf8')] as const)
  const found = sources.flatMap(([file, text]) => [...text.matchAll(SOURCE)].flatMap(({ groups }) => (groups?.['pattern'] === undefined ? [] : [[file, groups['pattern']] as const])))
  t.true(found.length > 40, `${found.length} patterns`)
  for (const [file, literal] of found) {
    const end = literal.lastIndexOf('/')
    const source = literal.slice(1, end)
    t.notThrows(() => new RegExp(source, literal.slice(end + 1)), `${file}: ${literal}`)
    if (NESTED[file] !== undefined) {
      for (const text of NESTED[file]) t.true(timed(new RegExp(source, literal.slice(end + 1)), text) < 5_000, `${file}: ${text.slice(0, 20)}`)
      continue
    }
    // What is there once or not at all multiplies nothing; the checker knows no look behind, which repeats as one ahead does.
    t.true(safe(source.replaceAll(/(?<!\\)\)\?/g, ')').replaceAll('(?<!', '(?!').replaceAll('(?<=', '(?=')), `${file}: ${literal}`)
  }
})

test('the patterns of the configuration answer at once to texts that are made to be slow', (t) => {
  const patterns = [...JSON.stringify(ConfigSchema).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(([, source = '']) => new RegExp(JSON.parse(`"${source}"`) as string, 'u'))
  t.true(patterns.length >= 5)
  const began = performance.now()
  for (const pattern of patterns) for (const text of [':'.repeat(50_000), '1.'.repeat(50_000), `sha256:${'a'.repeat(50_000)}!`, `neo4j+s${'+s'.repeat(50_000)}`]) pattern.test(text)
  t.true(performance.now() - began < 2_000)
})
