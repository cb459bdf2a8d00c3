import test from 'ava'
import { ballRequest, type BallRequest } from '../../ts/index.js'
import { canopy } from '../helpers/cli.js'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

const rows = [[0.5, 0.1], [0, 0], [-0.3, 0.8]]

test('maps, distances and means as a route and a command receive them', async (t) => {
  const points = (await ballRequest({ map: 'exp0', rows })) as { rows: number[][] }
  const back = (await ballRequest({ map: 'log0', rows: points.rows })) as { rows: number[][] }
  t.true(back.rows.flat().every((value, i) => Math.abs(value - (rows.flat()[i] ?? 0)) < 1e-14))
  t.deepEqual(await ballRequest({ map: 'distances', rows: [[0.5, 0]] }), { distances: [2 * Math.atanh(0.5)] })
  const { mean } = (await ballRequest({ map: 'mean', rows: [[0.5, 0], [-0.5, 0]], weights: [1, 1] })) as { mean: { point: number[]; converged: boolean } }
  t.true(mean.converged && mean.point.every((value) => Math.abs(value) < 1e-12))
  const moved = (await ballRequest({ map: 'recentre', rows, bases: [[0.5, 0.1]] })) as { rows: number[][] }
  t.deepEqual(moved.rows[0], [0, 0])
  t.true(((await ballRequest({ map: 'exp', rows, bases: [[0.1, 0.1]], precision: 'f32' })) as { rows: number[][] }).rows.flat().every((value) => value === Math.fround(value)))
  t.deepEqual(await ballRequest({ map: 'exp0', rows: [] }), { rows: [] })
})

const REFUSED: [string, BallRequest][] = [
  ['BALL_OPTION', { map: 'exp', rows }],
  ['POINTS_DIMENSION', { map: 'log0', rows: [[0.1], [0.1, 0.2]] }],
  ['POINTS_DIMENSION', { map: 'exp', rows, bases: [[0.1]] }],
  ['POINTS_LENGTH', { map: 'add', rows, bases: rows.slice(1) }],
  ['BALL_OUTSIDE', { map: 'log0', rows: [[1.5, 0]] }],
  ['BALL_CURVATURE', { map: 'exp0', rows, kappa: 0 }],
  ['BALL_MARGIN', { map: 'exp0', rows, margin: 2 }],
  ['MEAN_EMPTY', { map: 'mean', rows: [] }],
  ['MEAN_WEIGHT', { map: 'mean', rows, weights: [1, -1, 1] }],
]

test('what is wrong has one code in the library and over HTTP', async (t) => {
  const server = await serve(t)
  for (const [code, request] of REFUSED) {
    await fails(t, code, () => ballRequest(request))
    const { status, json } = await server.call('POST', '/v1/ball', request)
    t.deepEqual([status, json.code], [400, code], JSON.stringify(request))
  }
  t.is((await server.call('POST', '/v1/ball', { map: 'fold', rows })).json.code, 'REQUEST_INVALID')
  const { json } = await server.call('POST', '/v1/ball', { map: 'distances', rows: [[0.5, 0]], kappa: -1 })
  t.deepEqual(json['distances'], [2 * Math.atanh(0.5)])
  t.like((await server.call('POST', '/v1/ball', { map: 'mean', rows: [[0.5, 0], [-0.5, 0]] })).json['mean'] as object, { converged: true })
})

test('the command reads a row a line', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'rows.jsonl'), `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`)
  await writeFile(path.join(cwd, 'odd.jsonl'), '[0.1, "x"]\n')
  const ran = await canopy(['ball', 'exp0', 'rows.jsonl'], { cwd })
  t.is(ran.code, 0, ran.stderr)
  await writeFile(path.join(cwd, 'points.jsonl'), ran.stdout)
  const far = await canopy(['ball', 'distances', 'points.jsonl', '--json'], { cwd })
  const { distances } = JSON.parse(far.stdout) as { distances: number[] }
  t.true(distances.every((found, i) => Math.abs(found - 2 * Math.hypot(...(rows[i] ?? []))) < 1e-12), far.stdout)
  t.regex((await canopy(['ball', 'recentre', 'points.jsonl', '--bases', 'points.jsonl'], { cwd })).stderr, /POINTS_LENGTH/)
  for (const file of ['odd.jsonl', 'none.jsonl']) t.regex((await canopy(['ball', 'exp0', file], { cwd })).stderr, /POINTS_FILE/)
})
