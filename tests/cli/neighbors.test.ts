import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { CoverTree } from '../../ts/index.js'
import { canopy } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'

test('points of every kind of file are indexed and asked, as the library does it', async (t) => {
  const cwd = await folder(t)
  const points = Array.from({ length: 60 }, (_, i) => [Math.sin(i) * 5, Math.cos(i * 1.7) * 5])
  await writeFile(path.join(cwd, 'points.csv'), `name,x,y\n${points.map((row, i) => `p${i},${row.join(',')}`).join('\n')}\n`)
  await writeFile(path.join(cwd, 'plain.csv'), points.map((row) => row.join(',')).join('\n'))
  await writeFile(path.join(cwd, 'points.jsonl'), points.map((point) => JSON.stringify({ point })).join('\n'))
  const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (60, 2), }".padEnd(117) + '\n'
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8])
  await writeFile(path.join(cwd, 'points.npy'), Buffer.concat([prefix, Buffer.from(header), Buffer.from(Float64Array.from(points.flat()).buffer)]))
  const wanted = await (await CoverTree.build(Float64Array.from(points.flat()), { dim: 2 })).predecessors(3)

  for (const [name, ...file] of [['a', 'points.csv', '--columns', 'x,y'], ['b', 'plain.csv'], ['c', 'points.jsonl'], ['d', 'points.npy']]) {
    const built = await canopy(['neighbors', 'build', name ?? '', ...file], { cwd })
    t.is(built.code, 0, built.stderr)
    t.regex(built.stdout, /60 points of 2 coordinates, euclidean/)
    const { stdout } = await canopy(['neighbors', 'predecessors', name ?? '', '-k', '3', '--json'], { cwd })
    const { ids } = JSON.parse(stdout) as { ids: number[][] }
    t.deepEqual(ids.flat(), Array.from(wanted.ids).filter((id) => id !== 0xffff_ffff), name)
  }
  await writeFile(path.join(cwd, 'queries.jsonl'), '[100, 100]\n')
  t.is((await canopy(['neighbors', 'insert', 'a', 'queries.jsonl'], { cwd })).stdout, '61 points; the new ones begin at 60\n')
  const found = await canopy(['neighbors', 'knn', 'a', 'queries.jsonl', '-k', '1'], { cwd })
  t.deepEqual(JSON.parse(found.stdout), { ids: [60], distances: [0] })
  t.is((await canopy(['neighbors', 'remove', 'a', '60'], { cwd })).stdout, '60 points are left\n')
  t.is((await canopy(['neighbors', 'radius', 'a', 'queries.jsonl', '-r', '1'], { cwd })).stdout, '{"ids":[],"distances":[]}\n')
  const residual = await canopy(['neighbors', 'build', 'r', 'points.npy', '--kernel', 'matern32', '--lengthscale', '2,3', '--inducing', '8'], { cwd })
  t.regex(residual.stdout, /residual, matern32 of lengthscale 2, 3/, residual.stderr)
  const audited = await canopy(['neighbors', 'predecessors', 'r', '-k', '3', '--gate', 'audit', '--audit', '9', '--json'], { cwd })
  t.is((JSON.parse(audited.stdout) as { ids: number[][] }).ids.length, 60, audited.stderr)
  t.is((await canopy(['neighbors', 'all', 'a', '--gate', 'off'], { cwd })).code, 2)
  t.is((await canopy(['neighbors', 'insert', 'r', 'queries.jsonl'], { cwd })).stdout, '61 points; the new ones begin at 60\n')
  t.is((await canopy(['neighbors', 'remove', 'r', '0', '60'], { cwd })).stdout, '59 points are left\n')
  t.is((await canopy(['neighbors', 'drop', 'r'], { cwd })).code, 0)
})

test('what is wrong with a file says where', async (t) => {
  const cwd = await folder(t)
  const build = async (name: string, content: string | Buffer, ...args: string[]): Promise<string> => {
    await writeFile(path.join(cwd, name), content)
    const { code, stderr } = await canopy(['neighbors', 'build', 'x', name, ...args], { cwd })
    t.is(code, 2)
    return stderr
  }
  t.regex(await build('a.csv', '1,2\n3\n'), /line 2: .*POINTS_SYNTAX/)
  t.regex(await build('b.csv', 'x,y\n1,two\n'), /line 2: "two" is no number/)
  t.regex(await build('c.csv', 'x,y\n1,2\n', '--columns', 'x,z'), /no column "z"/)
  t.regex(await build('d.csv', 'x,y\n1,nan\n'), /POINTS_NOT_FINITE/)
  t.regex(await build('e.jsonl', '[1,2]\n{"point":3}\n'), /line 2/)
  t.regex(await build('f.jsonl', ''), /holds no point/)
  t.regex(await build('g.npy', 'no numpy at all'), /no \.npy file/)
  t.is((await canopy(['neighbors', 'build', 'x', 'none.csv'], { cwd })).code, 3)
  t.is((await canopy(['neighbors', 'info', 'x'], { cwd })).code, 3)
})
