import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { canopy } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'
import { cloud } from '../helpers/vectors.js'

/** A matrix as NumPy writes it. */
function npy(kind: string, rows: number, dim: number, bytes: Uint8Array): Buffer {
  const header = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`.padEnd(117) + '\n'
  const size = Buffer.alloc(2)
  size.writeUInt16LE(header.length)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, Buffer.from(header), bytes])
}

test('vectors are indexed, searched and described from files', async (t) => {
  const cwd = await folder(t)
  const values = cloud(200, 8, 1)
  await writeFile(path.join(cwd, 'a.npy'), npy('<f4', 200, 8, new Uint8Array(values.buffer)))
  await writeFile(path.join(cwd, 'a.jsonl'), Array.from({ length: 200 }, (_, i) => JSON.stringify({ id: `n${i}`, vector: [...values.subarray(i * 8, i * 8 + 8)] })).join('\n'))
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await canopy(['vectors', ...args, '--json'], { cwd })
    t.is(code, 0, stderr)
    return JSON.parse(stdout)
  }
  t.like(await json('build', 'a.npy', '--out', 'a.index', '--metric', 'l2'), { length: 200, dim: 8, metric: 'l2' })
  await json('build', 'a.jsonl', '--out', 'b.index')
  const query = [...values.subarray(80, 88)].join(',')
  t.like(await json('search', 'a.index', `--vector=${query}`, '-k', '2'), { 0: { id: 10 }, length: 2 })
  t.like(await json('search', 'b.index', `--vector=${query}`, '--preset', 'hybrid'), { 0: { id: 'n10' }, length: 10 })
  t.is(((await json('search', 'a.index', '--queries', 'a.npy', '-k', '1')) as { id: number }[][]).filter(([hit], i) => hit?.id === i).length, 200)
  t.is(((await json('search', 'a.index', `--vector=${query}`, '--least=-1e-9')) as unknown[]).length, 1)
  t.like(await json('info', 'b.index', '--check'), { idKind: 'string', checked: true, lists: 0 })
  t.like(await json('prepare', 'b.index', '--lists', '9'), { lists: 9 })
  t.like(await json('info', 'b.index', '--check'), { checked: true, lists: 9 })
  t.like(await json('search', 'b.index', `--vector=${query}`, '--preset', 'lists'), { 0: { id: 'n10' } })
  t.true(((await json('estimate', '-n', '1000000', '--dim', '256')) as { bytes: number }).bytes > 1e9)
})

test('what cannot be read or asked is said by its code', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'cut.npy'), npy('<f4', 200, 8, new Uint8Array(100)))
  await writeFile(path.join(cwd, 'wide.npy'), npy('<f8', 1, 1, new Uint8Array(8)))
  await writeFile(path.join(cwd, 'bad.jsonl'), '{"vector":[1,2]}\n{"vector":[1]}\n')
  await writeFile(path.join(cwd, 'not.index'), 'nothing of ours, but long enough to be looked at by whoever opens it')
  for (const [code, ...args] of [
    ['VECTOR_FILE', 'build', 'cut.npy', '--out', 'x'],
    ['VECTOR_FILE', 'build', 'wide.npy', '--out', 'x'],
    ['VECTOR_FILE', 'build', 'bad.jsonl', '--out', 'x'],
    ['VECTOR_FILE', 'build', 'nowhere.jsonl', '--out', 'x'],
    ['VECTOR_FILE', 'build', 'nowhere.txt', '--out', 'x'],
    ['INDEX_FOREIGN', 'info', 'not.index'],
    ['INDEX_NOT_FOUND', 'info', 'nowhere.index'],
    ['USAGE', 'search', 'not.index'],
  ] as [string, ...string[]][]) {
    const ran = await canopy(['vectors', ...args], { cwd })
    t.true(ran.code !== 0 && ran.stderr.includes(`[${code}]`), `${args.join(' ')}: ${ran.stderr}`)
  }
})
