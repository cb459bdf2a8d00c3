import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { serve } from '../helpers/server.js'
import { at, endpoint } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

const root = path.resolve('.')
const pages = readdirSync('docs').filter((file) => file.endsWith('.md'))
const examples = pages.map((page) => path.join('docs', page)).flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/```js\n([^]*?)```/g)].map(([, text = ''], i) => ({ page: path.basename(file), i, text })))

/** What stands before an example that goes on where the page before it was, or that leaves something to the reader: by a word of the example. */
const BEFORE: ReadonlyArray<readonly [page: string, word: string, before: string]> = [
  ['library.md', 'notes.add(records)', `import { open } from 'canopy-engine'
import { mkdir, writeFile } from 'node:fs/promises'
await mkdir('documents')
await writeFile('documents/a.md', '# A document')
const notes = await (await open('./notes')).ensure('notes')
const records = [{ id: 'a', text: 'tea' }, { id: 'b', text: 'coffee' }]
`],
  ['cache.md', 'ask()', "const ask = async () => 'an answer'\n"],
  ['speech.md', 'onProgress', 'const signal = AbortSignal.timeout(120_000)\nconst onProgress = () => {}\n'],
  ['graphs.md', '(graph', `import { open } from 'canopy-engine'
const graph = await (await open('./notes')).graphs().create('friends')
await graph.writeBatch({ edges: [['ann', 'bob'], ['bob', 'eve'], ['eve', 'ann'], ['eve', 'joe']].map(([source, target], i) => ({ source, target, weight: 1 + i })) })
`],
]

/** Nothing where the example makes what it names. */
function before(page: string, text: string): string {
  const [, , lines = ''] = BEFORE.find(([of, word]) => of === page && text.includes(word)) ?? []
  return /const graph = /.test(text) ? '' : lines
}

function run(file: string, cwd: string): Promise<{ code: number | null; output: string }> {
  const child: ChildProcess = spawn(process.execPath, [file], { cwd, env: { PATH: process.env['PATH'], KEY: 'none' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
}

test('every page is in the table of pages', (t) => {
  const index = readFileSync('docs/README.md', 'utf8')
  for (const page of pages) if (page !== 'README.md') t.true(index.includes(`(${page})`), page)
  t.true(examples.length >= 12)
})

test('every example in a page runs as it stands', async (t) => {
  t.timeout(300_000)
  const { url } = await serve(t)
  for (const { page, i, text } of examples) {
    const place = `${page} ${i}`
    if (page === 'speech.md' && endpoint('whisper') === undefined) {
      t.log(`without whisper: ${place}`)
      continue
    }
    const dir = await folder(t)
    await mkdir(path.join(dir, 'node_modules'))
    await symlink(root, path.join(dir, 'node_modules', 'canopy-engine'))
    let example = text.replaceAll('http://127.0.0.1:7700', url)
    if (page === 'speech.md') example = example.replace('./models/ggml-tiny.en.bin', path.join(at('whisper'), 'ggml-tiny.en.bin')).replace("'talk.mp3'", JSON.stringify(path.join(at('whisper'), 'beckett.wav')))
    await writeFile(path.join(dir, 'example.mjs'), `${before(page, text)}${example}`)
    const { code, output } = await run('example.mjs', dir)
    t.is(code, 0, `${place}: ${output}\n${before(page, text)}${example}`)
  }
})
