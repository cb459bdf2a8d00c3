import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile, mkdir } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'

const root = path.resolve('.')
const bin = (name: string): string => path.join(root, 'node_modules', '.bin', name)
const run = (command: string, args: string[], cwd = root) => spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 })

test('publint finds nothing to say', (t) => {
  const { status, stdout } = run(bin('publint'), ['--strict', '--pack=false'])
  t.is(status, 0, stdout)
})

test('the figures of README and docs are those of the recorded results', (t) => {
  const { status, stderr } = run(process.execPath, ['scripts/bench-table.mjs', '--check'])
  t.is(status, 0, stderr)
})

test('types resolve for ESM and CommonJS, in Node and bundlers', async (t) => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-attw-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  // Models and addons are megabytes that hold no types.
  const packed = run('npm', ['pack', '--pack-destination', dir, '--ignore-scripts', '--json'])
  t.is(packed.status, 0, packed.stderr)
  const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: Array<{ path: string }> }]
  for (const needed of ['dist/index.js', 'dist/cjs/index.js', 'dist/cjs/package.json', 'dist/cli/main.js', 'dist/server/page/index.html', 'native/index.d.ts', 'LICENSE', 'README.md']) {
    t.true(files.some((file) => file.path === needed), needed)
  }
  t.false(files.some((file) => /^(dist\/bench|tests|ts|crates|scripts)\//.test(file.path)))
  const { status, stdout, stderr } = run(bin('attw'), [path.join(dir, filename), '--profile', 'node16', '--no-color'])
  t.is(status, 0, stdout + stderr)
})

test('types name no package that an installation lacks', (t) => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  const files = readdirSync('dist', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts') && !file.startsWith('bench'))
  t.true(files.length > 50)
  for (const file of files) {
    for (const [, name = ''] of readFileSync(path.join('dist', file), 'utf8').matchAll(/(?:from |import\()["']([^."'#][^"']*)["']/g)) {
      // Examples in comments name ourselves.
      if (isBuiltin(name) || /^canopy-engine(\/|$)/.test(name)) continue
      const bare = name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')
      t.true(bare in dependencies, `${file} names ${bare}`)
      const manifest = JSON.parse(readFileSync(path.join('node_modules', bare, 'package.json'), 'utf8')) as { types?: string; exports?: unknown }
      const entries = JSON.stringify(manifest.exports ?? '')
      // `index.mjs` has its types in `index.d.mts`, named or not.
      const beside = [...entries.matchAll(/"\.\/([^"*]+)\.([cm]js)"/g)].some(([, entry, kind = '']) => existsSync(path.join('node_modules', bare, `${entry}.d.${kind.replace('js', 'ts')}`)))
      const own = manifest.types !== undefined || entries.includes('types') || beside
      t.true(own || `@types/${bare}` in dependencies, `${file} names ${bare}, whose types are not installed with us`)
    }
  }
})

test('types need nothing that was stripped from them', (t) => {
  const { status, stdout } = run(process.execPath, [path.join('node_modules', 'typescript', 'bin', 'tsc'), '--ignoreConfig', '--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', 'dist/index.d.ts', 'dist/client/index.d.ts'])
  t.is(status, 0, stdout)
})

test('the example of the README runs as it stands', async (t) => {
  const readme = readFileSync('README.md', 'utf8')
  const [, example = ''] = /```js\n(import \{ open \} from 'canopy-engine'[^]*?)```/.exec(readme) ?? []
  t.true(example.trim().split('\n').length <= 5, 'five lines')
  const dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-readme-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  await mkdir(path.join(dir, 'node_modules'))
  await symlink(root, path.join(dir, 'node_modules', 'canopy-engine'))
  await writeFile(path.join(dir, 'example.mjs'), example)
  const { status, stdout, stderr } = run(process.execPath, ['example.mjs'], dir)
  t.is(status, 0, stderr)
  t.regex(stdout, /boiling/)
})

test('what the pages link to is there', (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...readdirSync('docs').map((name) => `docs/${name}`)]) {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? '')
    for (const link of links) t.true(existsSync(path.join(path.dirname(page), link)), `${page}: ${link}`)
  }
})

test('the lock file names no registry', (t) => {
  t.notRegex(readFileSync('package-lock.json', 'utf8'), /"resolved"/)
})
