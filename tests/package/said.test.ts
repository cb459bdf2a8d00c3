// What the pages say there is, there is: commands with their options, routes, settings, configurations, files.
import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { CommanderError, type Command } from 'commander'
import { program } from '../../ts/cli/program.js'
import { loadConfig } from '../../ts/config/load.js'
import { settings } from '../../ts/config/schema.js'
import { digest } from '../helpers/keys.js'
import { blocks, pages, spans } from '../helpers/pages.js'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

const all = pages().map((page) => ({ ...blocks(page), page: page.name, text: page.text }))
const benches = new Set(readdirSync('bench').filter((file) => file.endsWith('.ts')).map((file) => path.basename(file, '.ts')))

/** The words of a command line as a shell splits them, up to where another command, a redirection or a remark begins. */
function words(line: string): string[] {
  const found = [...line.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)].map(([word]) => word.replaceAll(/^["']|["']$/g, ''))
  const end = found.findIndex((word) => /^([|&;>#]|>.*|\d>.*)$/.test(word))
  return end < 0 ? found : found.slice(0, end)
}

/** Every way to read `a list | create`, `bench graph|topology` and `--json|--quiet`: each alternative is a command line of its own. */
function alternatives(line: string): string[] {
  const spaced = line.split(' | ')
  const [first = '', ...others] = spaced
  if (others.length > 0 && others.every((other) => /^[a-z-]+$/.test(other))) return [first, ...others.map((other) => first.replace(/\S+$/, other))]
  const joined = /[a-z]+(?:\|[a-z-]+)+/.exec(line)
  return joined === null ? [line] : joined[0].split('|').map((one) => line.replace(joined[0], one))
}

/** Command lines of ours in blocks for a shell; what follows a remark or stands in a pipe isn't. */
function commandLines(): Array<{ page: string; line: string; whole: boolean }> {
  return all.flatMap(({ page, blocks: fenced, prose }) => [
    ...fenced.filter(({ tag }) => tag.startsWith('sh')).flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, ' ').split('\n').flatMap((line) => {
      const [, own] = /^(?:[A-Z_]+=(?:'[^']*'|\S*) +)*(?:\/\S*\/)?((?:npx )?canopy .*)$/.exec(line.trim()) ?? []
      return own === undefined ? [] : [{ page, line: own.replace(/^npx /, ''), whole: true }]
    })),
    ...spans(prose).filter((span) => /^canopy [a-z]/.test(span)).map((line) => ({ page, line, whole: false })),
  ])
}

const options = (command: Command | null): readonly Command['options'][number][] => (command === null ? [] : [...command.options, ...options(command.parent)])

/** What is wrong with a command line, if anything. */
function wrong(line: string, whole: boolean): string | undefined {
  let command: Command = program()
  let given = 0
  const rest = words(line).slice(1)
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? ''
    if (command.name() === 'bench') return given === 0 && !benches.has(word) && word !== 'NAME' ? `there is no bench ${word}` : undefined
    if (/^--?[a-z]/.test(word)) {
      const [name = ''] = word.split('=')
      const option = options(command).find(({ long, short }) => long === name || short === name)
      if (option === undefined && name !== '--help' && name !== '--version') return `${command.name()} has no option ${name}`
      if (option?.required === true && !word.includes('=')) at += 1
      continue
    }
    const sub = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (sub !== undefined) command = sub
    else if (command.registeredArguments.length === 0) return /^[A-Z…]/.test(word) ? undefined : `${command.name()} takes no "${word}"`
    else given += 1
  }
  const wanted = command.registeredArguments.filter(({ required }) => required).length
  if (whole && given < wanted) return `${command.name()} needs ${wanted} arguments`
  return undefined
}

test('commands that the pages name are there, with the options that they are shown with', (t) => {
  const lines = commandLines()
  t.true(lines.length > 60, String(lines.length))
  for (const { page, line, whole } of lines) for (const one of alternatives(line)) t.is(wrong(one, whole), undefined, `${page}: ${line}`)
  // And such a line would be found.
  for (const bad of ['canopy serch notes x', 'canopy search notes x --limits 3', 'canopy graph lst', 'canopy bench nothing', 'canopy search']) t.truthy(wrong(bad, true), bad)
})

test('every command, its options and its arguments are explained, and refuse what is misspelt', async (t) => {
  const walk = (command: Command, way: string[]): Array<{ command: Command; way: string[] }> => [{ command, way }, ...command.commands.flatMap((sub) => walk(sub, [...way, sub.name()]))]
  const tree = walk(program(), [])
  t.true(tree.length > 50, String(tree.length))
  for (const { command, way } of tree) {
    const name = `canopy ${way.join(' ')}`
    t.regex(command.description(), /\w{3}/, name)
    for (const option of command.options) t.regex(option.description, /\w/, `${name} ${option.long ?? ''}`)
    t.regex(command.helpInformation(), /Usage: canopy/, name)
    if (command.name() === 'bench') continue
    const refusal = async (...more: string[]): Promise<string> => {
      const error = await program().parseAsync([...way, ...more], { from: 'user' }).then(() => undefined, (thrown: unknown) => thrown)
      return error instanceof CommanderError ? error.code : String(error)
    }
    t.regex(await refusal('--jsn'), /^commander\.(unknownOption|missingMandatoryOptionValue)$/, name)
    if (command.commands.length > 0) t.regex(await refusal('nothing-of-ours', 'x', 'y', 'z'), /^commander\.(unknownCommand|excessArguments)$/, name)
  }
})

test('configurations in the pages are ones that a server takes, and every setting that is named exists', async (t) => {
  const cwd = await folder(t)
  const sections = new Set(settings.map(({ key }) => key.split('.')[0]))
  let tried = 0
  for (const { page, blocks: fenced, prose } of all) {
    for (const { tag, text } of fenced) {
      if (tag !== 'yaml') continue
      await writeFile(path.join(cwd, 'canopy.yaml'), text.replaceAll('sha256:…', digest('a key')))
      t.notThrows(() => loadConfig({ cwd, env: {} }), `${page}: ${text}`)
      tried += 1
    }
    for (const span of spans(prose)) {
      const [, section = '', name = ''] = /^([a-z]+)\.([A-Za-z]+)(?::? .*)?$/.exec(span) ?? []
      // `cache.state` and `report.audit` are values of programs; what looks like a setting of a section that has others is one.
      if (!sections.has(section) || /^(js|ts|sh|md|mjs|yaml|json|state|version|error|db|file|jsonl|type)$/.test(name)) continue
      t.true(settings.some(({ key }) => key === `${section}.${name}`), `${page}: ${span}`)
    }
  }
  t.true(tried >= 6, String(tried))
})

test('routes that the pages name are routes of the server', async (t) => {
  const { call } = await serve(t)
  const { paths } = (await call('GET', '/openapi.json')).json as unknown as { paths: Record<string, Record<string, unknown>> }
  const shape = (address: string): string => address.replaceAll(/[:{]\w+}?/g, '*')
  const known = new Set(Object.entries(paths).flatMap(([address, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${shape(address)}`)))
  let named = 0
  for (const { page, text } of all) {
    for (const [, methods = '', address = ''] of text.matchAll(/((?:`?(?:GET|POST|PUT|DELETE)`?, )*`?(?:GET|POST|PUT|DELETE))`? `?(\/(?:v1|explain|healthz|readyz|metrics)[\w/:{}-]*)(?![\w…*/])/g)) {
      for (const method of methods.replaceAll('`', '').split(', ')) {
        // An example names a collection where the description has a variable.
        const wanted = `${method} ${shape(address)}`
        const like = [...known].some((one) => one === wanted || new RegExp(`^${one.replaceAll('*', '[^/]+')}$`).test(wanted))
        t.true(like, `${page}: ${wanted}`)
        named += 1
      }
    }
  }
  t.true(named >= 20, String(named))
})

test('files that are named are there', (t) => {
  for (const { page, text } of all) {
    for (const span of spans(text)) {
      // Files of this repository, not patterns and not what a command makes.
      if (/^(tests|crates|deploy|scripts|examples|docs|migrations|ts|\.github)\/[\w./-]+\.\w+$/.test(span)) t.true(existsSync(span), `${page}: ${span}`)
    }
  }
})
