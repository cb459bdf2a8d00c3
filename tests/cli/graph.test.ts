import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { canopy } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'

/** Two rings of ten with a bridge; one name that CSV has to quote. */
const name = (i: number): string => (i === 3 ? 'n, 3' : `n${i}`)
const rings = [...Array(20).keys()].map((i) => [name(i), name(Math.floor(i / 10) * 10 + ((i + 1) % 10)), 1 + (i % 3)] as const)
const file = [...rings, ['n0', 'n10', 5] as const].map(([a, b, weight]) => `${[a, b].map((id) => (id.includes(',') ? `"${id}"` : id)).join(',')},${weight}\n`).join('')

test('a graph on the command line: loaded, embedded, suggested, explained, tuned, compared, corrected, written out', async (t) => {
  const cwd = await folder(t)
  await writeFile(path.join(cwd, 'rings.csv'), file)
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await canopy(['--dir', 'data', '--json', 'graph', ...args], { cwd })
    t.is(code, 0, `${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as Record<string, unknown> & unknown[]
  }
  const fails = async (code: string, ...args: string[]) => {
    const ran = await canopy(['--dir', 'data', 'graph', ...args], { cwd })
    t.not(ran.code, 0, args.join(' '))
    t.true(ran.stderr.includes(code), `${args.join(' ')}: ${ran.stderr}`)
  }
  t.like(await run('load', 'rings', 'rings.csv'), { nodes: 20, edges: 21 })
  t.like(await run('load', 'rings', 'rings.csv'), { nodes: 20, edges: 21 })
  t.like((await run('list'))[0] as object, { name: 'rings', nodes: 20 })
  t.like(await run('embed', 'rings', 'near', '--method', 'node2vec', '--options', '{"dim":8,"walks":2}'), { nodes: 20, dim: 8 })
  t.like(await run('embed', 'rings', 'alike', '--method', 'graphwave', '--options', '{"points":4}'), { nodes: 20, dim: 16 })
  t.true(Number((await run('estimate', 'rings'))['bytes']) > 0)
  t.true(Number((await run('estimate', 'rings', '--method', 'layer', '--options', '{"radius":1}'))['seconds']) > 0)
  const pairs = await run('suggest', 'rings', '--min-score', '0')
  t.true(pairs.length > 10 && (pairs as { score: number }[]).every(({ score }) => score > 0))
  const explained = await run('explain', 'rings', 'n, 3', '--hops', '2', '--svg', 'three.svg')
  t.is((explained['nodes'] as { id: string }[])[0]?.id, 'n, 3')
  t.regex(await readFile(path.join(cwd, 'three.svg'), 'utf8'), /^<svg/)
  const loops = await run('persistence', 'rings')
  t.is((loops['dimensions'] as number[]).filter((dimension) => dimension === 1).length, 2)

  const around = (await run('persistence', 'rings', '--cycles')) as unknown as { birth: number; cycle: [string, string][] }[]
  t.is(around.length, 2)
  // Each cycle comes back to where it began.
  for (const { cycle } of around) t.true(cycle.flat().every((id, _, ids) => ids.filter((other) => other === id).length === 2), JSON.stringify(cycle))

  const best = await run('tune', 'rings', '--evaluations', '2', '--options', '{"dim":8,"walks":2,"length":10}', '--state', 'best_pq.json')
  t.like(best, { evaluations: 2, stoppedBy: 'evaluations' })
  t.like(JSON.parse(await readFile(path.join(cwd, 'best_pq.json'), 'utf8')) as object, { p: best['p'], q: best['q'], evaluations: 2 })
  t.is((await run('tune', 'rings', '--evaluations', '2', '--options', '{"dim":8,"walks":2,"length":10}', '--state', 'best_pq.json'))['evaluations'], 2)

  t.like(await run('distance', 'rings', 'rings', '--dimension', '0'), { kind: 'wasserstein', distance: 0 })
  await writeFile(path.join(cwd, 'bars.json'), '[[3,null],[3,null],[1,2]]')
  t.is((await run('distance', 'rings', 'bars.json', '--kind', 'bottleneck'))['distance'], 0.5)
  await writeFile(path.join(cwd, 'more.json'), '[[3,null]]')
  t.is((await run('distance', 'rings', 'more.json'))['distance'], null, 'two loops stay here and one there')
  const layer = await run('layer', 'rings', '--radius', '5')
  t.is((layer['diagrams'] as unknown[]).length, 20)
  t.is(((await run('layer', 'rings', '--radius', '5', '--node', 'n4'))['dimensions'] as number[]).filter((dimension) => dimension === 1).length, 1, 'its own ring')
  await writeFile(path.join(cwd, 'wanted.json'), '[[4,null],[3,null]]')
  const corrected = await run('correct', 'rings', 'wanted.json', '--apply')
  t.like(corrected, { reached: true, applied: true })
  t.true(Number((await run('distance', 'rings', 'wanted.json'))['distance']) < 1e-6)

  for (const format of ['json', 'csv', 'graphml']) {
    t.like(await run('export', 'rings', `out.${format}`), { nodes: 20, edges: 21, format })
    await run('load', `again-${format}`, `out.${format}`)
    t.is((await run('distance', 'rings', `again-${format}`, '--dimension', '0'))['distance'], 0, format)
    t.deepEqual((await run('explain', `again-${format}`, 'n, 3'))['nodes'], (await run('explain', 'rings', 'n, 3'))['nodes'], format)
  }
  t.is((await canopy(['--dir', 'data', 'graph', 'export', 'rings', '-'], { cwd })).stdout, await readFile(path.join(cwd, 'out.json'), 'utf8'))

  await fails('GRAPH_NOT_FOUND', 'explain', 'nothing', 'n1')
  await fails('GRAPH_NODE_NOT_FOUND', 'explain', 'rings', 'nobody')
  await fails('NODE2VEC_TIME_LIMIT', 'tune', 'rings', '--max-minutes', '0')
  await fails('BEST_PQ_WRITE', 'tune', 'rings', '--state', 'nowhere/best_pq.json')
  await fails('NODE2VEC_PQ', 'embed', 'rings', 'x', '--options', '{"q":-1}')
  await fails('TOPOLOGY_RADIUS', 'layer', 'rings', '--radius', '0')
  await fails('GRAPH_NOT_FOUND', 'distance', 'rings', 'nothing.json')
  await writeFile(path.join(cwd, 'odd.json'), '{"a":1}')
  await fails('DIAGRAM_POINT', 'correct', 'rings', 'odd.json')
  t.is((await canopy(['--dir', 'data', 'graph', 'drop', 'rings'], { cwd })).code, 0)
})
