import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Option, type Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { formatOf, type TunePqOptions } from '../../engine/graph.js'
import type { DiagramPoints } from '../../engine/topology.js'
import { correctGraph } from '../../graphs/correct.js'
import { diagramDistance, diagramPart, listedPoints, type DiagramDistanceOptions } from '../../graphs/distance.js'
import { graphsOf } from '../../graphs/explain.js'
import { exportGraph, type GraphExportFormat } from '../../graphs/export.js'
import { GraphLayer } from '../../graphs/layer.js'
import { tuneGraph } from '../../graphs/tune.js'
import type { AnyDatabase } from '../../stores/any.js'
import { integer, json, jsonObject, number } from '../input.js'
import { report, table } from '../output.js'
import { withProgress } from '../progress.js'
import { withDatabase } from '../session.js'

const DIMENSION = new Option('--dimension <n>', '0: components, 1: loops').choices(['0', '1']).default('1')

/** graph tune|distance|layer|correct|export */
export function addTopology(group: Command): void {
  group
    .command('tune <name>')
    .description('search for the p and q of Node2Vec; the best is kept, and a later search resumes from it')
    .option('--max-minutes <x>', 'wall-clock limit, honoured inside an evaluation; default 10', number)
    .option('--evaluations <n>', 'most evaluations, those of earlier runs included; default 30', integer)
    .option('--seed <n>', 'seed of the search', integer)
    .option('--state <file>', 'where the best is kept; default: best_pq.json under the data folder')
    .option('--options <json>', 'options of Node2Vec, such as {"dim":64}', jsonObject)
    .action((name: string, { options, ...rest }: Omit<TunePqOptions, 'signal' | 'onProgress'> & { options?: object }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json: plain, signal }) => {
        const graph = await graphsOf(db).graph(name)
        const best = await withProgress('searching', 'evaluations', (onProgress) => tuneGraph(graph, db.dir, { ...rest, node2vec: options }, { signal, onProgress }))
        report(plain, best, () => [`p = ${best.p}, q = ${best.q}: recall@10 ${best.score?.toFixed(4) ?? 'unknown'} after ${best.evaluations} evaluations, ended by ${best.stoppedBy}`])
      }),
    )
  group
    .command('distance <name> <other>')
    .description('how far the diagram of a graph is from that of another, or from bars in a JSON file: [[birth, death or null], …]')
    .addOption(new Option('--kind <kind>', 'which distance').choices(['bottleneck', 'wasserstein', 'sinkhorn']).default('wasserstein'))
    .addOption(DIMENSION)
    .option('--node <id>', 'only what lies around this node of the first')
    .option('--other-node <id>', 'only what lies around this node of the other')
    .option('--hops <n>', '1 to 5', integer)
    .option('--order <x>', 'of the Wasserstein distance; default 2', number)
    .option('--epsilon <x>', 'strength of smoothing by sinkhorn', number)
    .action((name: string, other: string, { kind, dimension, node, otherNode, hops, order, epsilon }: Pick<DiagramDistanceOptions, 'kind' | 'order' | 'epsilon'> & { dimension: '0' | '1'; node?: string; otherNode?: string; hops?: number }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json: plain, signal }) => {
        const of = Number(dimension) as 0 | 1
        const a = await diagramPart(await graphsOf(db).graph(name), of, { node, hops }, { signal })
        const found = await diagramDistance(a, await wanted(db, other, of, { node: otherNode, hops }, signal), { kind, order, epsilon, signal })
        report(plain, found, () => [found.distance === null ? 'infinite: one has more bars that stay' : String(found.distance)])
      }),
    )
  group
    .command('layer <name>')
    .description('the diagram of every node’s neighbourhood')
    .option('--radius <n>', 'hops, 1 to 16; default 2', integer)
    .option('--node <id>', 'only the diagram of this one')
    .action((name: string, { radius, node }: { radius?: number; node?: string }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json: plain, signal }) => {
        const stored = await graphsOf(db).graph(name)
        const layer = new GraphLayer(stored, { radius })
        const done = await withProgress('diagrams', 'nodes', (onProgress) => layer.follow({ signal, onProgress }))
        if (node !== undefined) {
          const diagram = await layer.diagram(node)
          return report(plain, diagram, () => table([['dimension', 'birth', 'death'], ...diagram.dimensions.map((of, i) => [`H${of}`, String(diagram.births[i]), String(diagram.deaths[i] ?? '∞')])]))
        }
        const { graph } = await stored.snapshot({ signal })
        const rows = await Promise.all((await graph.ids()).map(async (id) => ({ id, ...(await layer.diagram(id)) })))
        return report(plain, { ...done, diagrams: rows }, () => table([['node', 'components', 'loops'], ...rows.map(({ id, dimensions }) => [id, ...[0, 1].map((of) => String(dimensions.filter((dimension) => dimension === of).length))])]))
      }),
    )
  group
    .command('correct <name> <target>')
    .description('move weights until the diagram is that of another graph, or the bars of a JSON file')
    .addOption(DIMENSION)
    .option('--epsilon <x>', 'a distance up to this is close enough', number)
    .option('--iterations <n>', 'most rounds', integer)
    .option('--apply', 'write the new weights to the graph')
    .action((name: string, target: string, { dimension, ...options }: { dimension: '0' | '1'; epsilon?: number; iterations?: number; apply?: boolean }, command: Command) =>
      withDatabase(command, options.apply === true ? 'write' : 'read', async ({ db, json: plain, signal }) => {
        const of = Number(dimension) as 0 | 1
        const bars = await wanted(db, target, of, {}, signal)
        const graph = await graphsOf(db).graph(name)
        const done = await withProgress('correcting', 'steps', (onProgress) => correctGraph(graph, bars, { dimension: of, ...options }, { signal, onProgress }))
        report(plain, done, () => [`${done.changed.length} weights moved: distance ${done.before ?? '∞'} before, ${done.after ?? '∞'} now${done.applied ? '' : '; nothing was written (--apply)'}`])
      }),
    )
  group
    .command('export <name> <file>')
    .description('write a graph as JSON, CSV or GraphML, as load reads it; - is standard output')
    .addOption(new Option('--format <format>', 'default: by the file’s name').choices(['csv', 'graphml', 'json']))
    .action((name: string, file: string, { format }: { format?: GraphExportFormat }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json: plain, signal }) => {
        const graph = await graphsOf(db).graph(name)
        const info = await graph.info()
        const kind = format ?? (file === '-' ? 'json' : formatOf(file))
        const text = Readable.from(exportGraph(graph, kind, { signal }))
        if (file === '-') return pipeline(text, process.stdout, { end: false })
        await pipeline(text, createWriteStream(file))
        return report(plain, { graph: name, file, format: kind, nodes: info.nodes, edges: info.edges }, () => [`wrote ${info.nodes} nodes and ${info.edges} edges to ${file}`])
      }),
    )
}

/** The diagram of a graph of this name, else the bars of a file. */
async function wanted(db: AnyDatabase, target: string, dimension: 0 | 1, part: { node?: string | undefined; hops?: number | undefined }, signal: AbortSignal): Promise<DiagramPoints> {
  const graphs = graphsOf(db)
  if ((await graphs.list()).some(({ name }) => name === target)) return diagramPart(await graphs.graph(target), dimension, part, { signal })
  const bars = json(
    await readFile(target, 'utf8').catch((error: Error) => {
      throw new CanopyError('GRAPH_NOT_FOUND', 'not_found', `there is no graph "${target}", and no file of bars: ${error.message}`)
    }),
  )
  if (!Array.isArray(bars) || !bars.every(Array.isArray)) throw new CanopyError('DIAGRAM_POINT', 'invalid_input', `${target} holds no bars: a JSON array of [birth, death or null] each`)
  return listedPoints(bars as (number | null)[][])
}
