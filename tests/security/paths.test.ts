import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { urlToHttpOptions } from 'node:url'
import test from 'ava'
import { copyDatabase, open } from '../../ts/index.js'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

const NAMES = ['..', '../x', '..%2fx', '/etc/passwd', 'a/../../x', '..\\x', 'x\0.tree', '.hidden', `${'../'.repeat(20)}tmp/x`, '%2e%2e', '~', 'C:\\x', 'CON']

test('no name leads out of the data folder, by any route that makes files', async (t) => {
  const outer = await folder(t)
  await mkdir(path.join(outer, 'data'))
  await writeFile(path.join(outer, 'secret.tree'), 'untouched')
  await writeFile(path.join(outer, 'secret.index'), 'untouched')
  const { call } = await serve(t, { 'data.dir': path.join(outer, 'data') })
  for (const name of [...NAMES, '../secret', '../../secret']) {
    const at = encodeURIComponent(name)
    for (const [method, route, body] of [
      ['POST', '/v1/collections', { name, model: null }],
      ['POST', '/v1/graphs', { name }],
      ['PUT', `/v1/neighbors/${at}`, { points: [[0, 0], [1, 1]] }],
      ['GET', `/v1/neighbors/${at}`, undefined],
      ['DELETE', `/v1/neighbors/${at}`, undefined],
      ['POST', '/v1/indexes', { name, dim: 2 }],
      ['POST', `/v1/indexes/${at}/save`, undefined],
      ['DELETE', `/v1/indexes/${at}`, undefined],
      ['DELETE', `/v1/collections/${at}`, undefined],
    ] as const) {
      const answer = await call(method, route, body)
      t.true(answer.status < 500, `${method} ${route}: ${answer.text}`)
    }
  }
  t.deepEqual((await readdir(outer)).toSorted(), ['data', 'secret.index', 'secret.tree'])
  t.is(await readFile(path.join(outer, 'secret.tree'), 'utf8'), 'untouched')
})

test('pages and drawings are served by name, nothing beside them', async (t) => {
  const { url } = await serve(t)
  for (const route of ['/../package.json', '/%2e%2e/%2e%2e/package.json', '/vendor/..%2fpackage.json', '/vendor/%2e%2e/app.js', '/docs/..%2f..%2fpackage.json', '/docs/js/..%2f..%2f..%2fpackage.json', '//etc/passwd', '/page.js%00.html']) {
    // Not by fetch, which takes the dots away.
    const [status, body] = await new Promise<[number, string]>((resolve, reject) => {
      http.get({ ...urlToHttpOptions(new URL(url)), path: route }, (response) => void text(response).then((body) => resolve([response.statusCode ?? 0, body]))).on('error', reject)
    })
    t.true(status >= 400, `${route}: ${status}`)
    t.false(body.includes('"dependencies"'))
  }
})

test('the import of a folder stays in it: links out of it are passed over', async (t) => {
  const outer = await folder(t)
  const docs = path.join(outer, 'docs')
  await mkdir(path.join(outer, 'private'), { recursive: true })
  await mkdir(docs)
  await writeFile(path.join(outer, 'private', 'secret.md'), '# Secret\nnobody may see this')
  await writeFile(path.join(docs, 'open.md'), '# Open\neverybody may see this')
  await symlink(path.join(outer, 'private'), path.join(docs, 'folder'))
  await symlink(path.join(outer, 'private', 'secret.md'), path.join(docs, 'file.md'))
  await symlink('/etc/hostname', path.join(docs, 'system.txt'))
  await symlink('/dev/zero', path.join(docs, 'endless.md'))
  const db = await open(path.join(outer, 'data'))
  t.teardown(() => db.close())
  const notes = await db.create('notes', { model: null })
  await notes.import(docs)
  t.deepEqual((await notes.list({})).records.map(({ id }) => id), ['open.md'])
})

test('a copy takes names over as names', async (t) => {
  const outer = await folder(t)
  const [from, to] = [await open(path.join(outer, 'from')), await open(path.join(outer, 'to'))]
  t.teardown(() => Promise.all([from.close(), to.close()]))
  const strange = ['a..b', '.a', 'a b'].map((name) => from.create(name, { model: null }).then(() => name, () => undefined))
  const made = (await Promise.all(strange)).filter((name) => name !== undefined)
  await copyDatabase(from, to)
  t.deepEqual((await to.collections()).map(({ name }) => name).toSorted(), made.toSorted())
  t.deepEqual((await readdir(outer)).toSorted(), ['from', 'to'])
  t.false(existsSync(path.join(outer, 'a..b')))
})
