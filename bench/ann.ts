// canopy bench ann: approximate search in Rust and from Node, with other libraries beside us in the same run, on the same vectors and queries.
//
//   canopy bench ann --data fashion-mnist --folder DIR | clustered-1m | wordnet | FILE.npy | FILE.fvecs
//     [--metric l2|cosine|dot] [--queries 1000] [--runs 3] [--peers [--no-reference]] [--json] [--no-record]
//   canopy bench ann --data wordnet [-n 5000] [--data-only]
//
// `wordnet` is made from packages of this clone and kept under .cache/bench; `-n 5000`, or `--data wordnet-5000`, takes the first so many glosses, --data-only makes the set and measures nothing. The 100 true neighbours of each query are found by comparing it with every vector. Of a file the last rows, at most 1,000, are the queries.

import { parseArgs } from 'node:util'
import { chosen, checks } from './lib/ann/checks.js'
import { native, type Point } from './lib/ann/native.js'
import { fromNode } from './lib/ann/node.js'
import { pythonPeers, rustPeers, type Peer } from './lib/ann/peers.js'
import { vectorSet } from './lib/ann/sets.js'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish } from './lib/result.js'

/** hnsw_rs builds a million vectors in an hour. */
const REFERENCE = 200_000

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      ...COMMON_OPTIONS,
      data: { type: 'string', default: 'clustered-100000' },
      'data-only': { type: 'boolean', default: false },
      folder: { type: 'string' },
      limit: { type: 'string', short: 'n' },
      metric: { type: 'string' },
      queries: { type: 'string', default: '1000' },
      runs: { type: 'string', default: '3' },
      peers: { type: 'boolean', default: false },
      // hnsw_rs, whose build takes minutes.
      reference: { type: 'boolean', default: true },
    },
  })
  const set = await vectorSet(values.limit === undefined ? values.data : `${values.data}-${values.limit}`, values.folder, values.metric)
  if (values['data-only']) return void console.log(JSON.stringify({ data: set.name, file: set.args.join(' '), metric: set.metric }))
  const [queries, runs] = [Number(values.queries), Number(values.runs)]
  const large = set.name === 'clustered-1m' || Number(/^clustered-(\d+)$/.exec(set.name)?.[1] ?? 0) > REFERENCE || !values.reference
  await withFolder(async (folder) => {
    const ours = native(set, queries, { ways: values.peers, reference: !large }, folder)
    const point = chosen(set.name, ours.points, 'recall_10') ?? (ours.points[0] as Point)
    const node = await fromNode(set, folder, ours.dim, point, runs)
    const peers = values.peers ? [...rustPeers(ours), ...pythonPeers(set, ours, runs, folder)] : []
    const { peers: _, ...own } = ours
    if (!values.json) for (const line of table([{ name: 'canopy', build_s: own.build_s, bytes: own.bytes, points: own.points }, ...peers])) console.log(line)
    finish(
      {
        bench: `ann-${set.name}`,
        options: { data: set.name, metric: set.metric, queries, runs, peers: values.peers },
        figures: { ...own, node, peers },
        checks: checks(set.name, ours, node, peers),
        skipped: skipped(values.peers, large, peers),
      },
      values,
    )
  })
}

function skipped(asked: boolean, large: boolean, peers: readonly Peer[]): string[] {
  if (!asked) return ['peers: not asked for (--peers)']
  return [...peers.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`])), ...(large ? ['hnsw_rs: its build takes too long here (--no-reference, or too many vectors)'] : [])]
}

function* table(rows: readonly Peer[]): Generator<string> {
  yield `${'engine'.padEnd(16)}  build s   k    ef  rerank  recall@k   P50 ms   P95 ms   q/s, one thread`
  for (const { name, build_s = 0, points = [] } of rows) {
    for (const { k, ef = 0, rerank, recall_10, recall_100_at_100, p50_ms, p95_ms, qps_1 } of points) {
      const recall = (recall_10 ?? recall_100_at_100 ?? 0).toFixed(4)
      yield [name.padEnd(16), build_s.toFixed(1).padStart(8), String(k).padStart(4), String(ef).padStart(5), String(rerank ?? '').padStart(7), recall.padStart(9), p50_ms.toFixed(4).padStart(8), p95_ms.toFixed(4).padStart(8), (qps_1 ?? 0).toFixed(0).padStart(8)].join(' ')
    }
  }
}
