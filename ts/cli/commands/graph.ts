import { writeFile } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import { EmbeddedGraph, EmbeddedGraphs } from '../../engine/stored-graph.js'
import { CanopyError } from '../../engine/error.js'
import { embedGraph, type Embedding } from '../../graphs/embed.js'
import { estimateGraph, type GraphWork } from '../../graphs/estimate.js'
import { explainNode, graphsOf } from '../../graphs/explain.js'
import { graphDiagram, graphLoops, neighbourhoodDiagram } from '../../graphs/persistence.js'
import type { GraphDeriveOptions, GraphLoadOptions, GraphSummary, SuggestionKind } from '../../graphs/store.js'
import { suggestLinks } from '../../graphs/suggest.js'
import { integer, jsonObject, number } from '../input.js'
import { bytes, report, table } from '../output.js'
import { withProgress } from '../progress.js'
import { withDatabase } from '../session.js'
import { addTopology } from './graph-topology.js'

/** graph list|create|derive|sync|drop|load|embed|estimate|persistence|suggest|explain, and what graph-topology.ts adds */
export function addCommands(root: Command): void {
  const group = root.command('graph').description('keep graphs and compute on them')
  keeping(group)
  computing(group)
  addTopology(group)
}

function keeping(group: Command): void {
  group
    .command('list', { isDefault: true })
    .description('list graphs')
    .action((_options: object, command: Command) =>
      withDatabase(command, 'read', async ({ db, json }) => {
        const graphs = await graphsOf(db).list()
        report(json, graphs, () => (graphs.length === 0 ? ['no graph yet: canopy graph load friends friends.csv'] : table([['name', 'nodes', 'edges', 'hyperedges', 'directed', 'collection'], ...graphs.map(row)])))
      }),
    )
  group
    .command('create <name>')
    .description('make an empty graph')
    .option('--directed', 'edges lead one way only')
    .action((name: string, { directed }: { directed?: boolean }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        const graph = await graphsOf(db).create(name, { directed })
        report(json, await graph.info(), () => [`made ${name}`])
      }),
    )
  group
    .command('derive <name> <collection>')
    .description('make a graph of a collection: records, chunks, terms, nearest neighbours')
    .option('--neighbours <n>', 'nearest neighbours a record', integer)
    .option('--terms <n>', 'terms a record', integer)
    .option('--chunk <n>', 'characters of a chunk, 0 for none', integer)
    .action((name: string, collection: string, { neighbours, terms, chunk }: GraphDeriveOptions, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const graphs = graphsOf(db)
        if (!(graphs instanceof EmbeddedGraphs)) throw new CanopyError('GRAPH_STORE_MISSING', 'unavailable', 'a graph of a collection is kept in the folder of that collection')
        const graph = await withProgress('deriving', 'records', (onProgress) => graphs.derive(name, collection, { neighbours, terms, chunk, signal, onProgress }))
        const info = await graph.info()
        report(json, info, () => [summary(info)])
      }),
    )
  group
    .command('sync <name>')
    .description('bring a graph to where its collection is now')
    .action((name: string, _options: object, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const graph = await graphsOf(db).graph(name)
        if (!(graph instanceof EmbeddedGraph)) throw new CanopyError('GRAPH_FOLLOWS_NOTHING', 'conflict', `graph "${name}" follows no collection`)
        const done = await withProgress('following', 'records', (onProgress) => graph.sync({ signal, onProgress }))
        report(json, done, () => [`${done.changed} records changed, ${done.removed} gone; ${summary(done.graph)}`])
      }),
    )
  group
    .command('drop <name>')
    .description('delete a graph')
    .action((name: string, _options: object, command: Command) =>
      withDatabase(command, 'write', async ({ db, json }) => {
        await graphsOf(db).drop(name)
        report(json, { dropped: name }, () => [`dropped ${name}`])
      }),
    )
  group
    .command('load <name> <file>')
    .description('add what a CSV edge list, GraphML or JSON file holds; the graph is made where there is none')
    .addOption(new Option('--format <format>', 'default: by the file’s name').choices(['csv', 'graphml', 'json']))
    .option('--delimiter <character>', 'what stands between two fields of a CSV file')
    .option('--header', 'the first line of a CSV file names the columns (found out unless said)')
    .option('--no-header', 'it doesn’t')
    .addOption(new Option('--parallel <rule>', 'what becomes of edges named more than once').choices(['sum', 'max', 'last']))
    .option('--directed', 'a graph that is made now is directed')
    .action((name: string, file: string, { directed, format, delimiter, header, parallel }: GraphLoadOptions & { directed?: boolean }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const graphs = graphsOf(db)
        const known = (await graphs.list()).some((graph) => graph.name === name)
        const graph = known ? await graphs.graph(name) : await graphs.create(name, { directed })
        const info = await withProgress('loading', 'nodes and edges', (onProgress) => graph.load(file, { format, delimiter, header, parallel, signal, onProgress }))
        report(json, info, () => [summary(info)])
      }),
    )
}

function computing(group: Command): void {
  const methods = ['graphwave', 'node2vec', 'poincare']
  group
    .command('embed <name> <collection>')
    .description('embed every node and write the vectors to a collection, where search finds nodes that are alike')
    .addOption(new Option('--method <method>', 'how').choices(methods).default('node2vec'))
    .option('--options <json>', 'options of the method, such as {"p":0.5,"q":2}', jsonObject)
    .action((name: string, into: string, { method, options }: { method: Embedding['method']; options?: object }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const graph = await graphsOf(db).graph(name)
        const done = await withProgress('embedding', '‰', (onProgress) => embedGraph(db, graph, { ...options, method } as Embedding, into, { signal, onProgress }))
        report(json, done, () => [`${done.nodes} nodes, ${done.dim} values each, in ${done.seconds.toFixed(1)} s: canopy search ${into} --vector …`])
      }),
    )
  group
    .command('estimate <name>')
    .description('what an embedding, suggestions, a search for p and q, or diagrams will take')
    .addOption(new Option('--method <method>', 'which').choices([...methods, 'walks', 'tune', 'aa', 'hyper_aa', 'persistence', 'layer']).default('node2vec'))
    .option('--options <json>', 'its options, such as {"dim":64}', jsonObject)
    .action((name: string, { method, options }: { method: GraphWork['method']; options?: object }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const found = await estimateGraph(await graphsOf(db).graph(name), { ...options, method } as GraphWork, { signal })
        report(json, found, () => [`about ${found.seconds.toPrecision(2)} s on ${found.threads} cores, ${bytes(found.bytes)}`])
      }),
    )
  group
    .command('persistence <name>')
    .description('components and loops of the flag complex, by weight')
    .option('--node <id>', 'only what lies around this node')
    .option('--hops <n>', '1 to 5', integer)
    .option('--cycles', 'loops alone, each with the edges around it')
    .action((name: string, { node, hops, cycles }: { node?: string; hops?: number; cycles?: boolean }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const graph = await graphsOf(db).graph(name)
        if (cycles === true) {
          const loops = await graphLoops(graph, { node, hops, signal })
          return report(json, loops, () => table([['birth', 'death', 'edges'], ...loops.map(({ birth, death, cycle }) => [String(birth), String(death ?? '∞'), cycle.map((ends) => ends.join('–')).join(' ')])]))
        }
        const diagram = node === undefined ? await graphDiagram(graph, { signal }) : await neighbourhoodDiagram(graph, node, { hops, signal })
        return report(json, diagram, () => table([['dimension', 'birth', 'death'], ...diagram.dimensions.map((dimension, i) => [`H${dimension}`, String(diagram.births[i]), String(diagram.deaths[i] ?? '∞')])]))
      }),
    )
  group
    .command('suggest <name>')
    .description('suggest links, and keep them')
    .addOption(new Option('--kind <kind>', 'by common neighbours, or by common hyperedges').choices(['aa', 'hyper_aa']).default('aa'))
    .option('--top <n>', 'suggestions a node', integer)
    .option('--min-score <x>', 'drop those with this score or less', number)
    .option('--largest <n>', 'pass over hyperedges with more members', integer)
    .action((name: string, { kind, top, minScore, largest }: { kind: SuggestionKind; top?: number; minScore?: number; largest?: number }, command: Command) =>
      withDatabase(command, 'write', async ({ db, json, signal }) => {
        const graph = await graphsOf(db).graph(name)
        const found = await withProgress('suggesting', 'nodes', (onProgress) => suggestLinks(graph, kind, { top, minScore, largest, signal, onProgress }))
        report(json, found, () => table([['source', 'target', 'score'], ...found.slice(0, 100).map(({ source, target, score }) => [source, target, score.toFixed(4)])]))
      }),
    )
  group
    .command('explain <name> <node>')
    .description('why a node is where it is')
    .option('--hops <n>', '1 to 5', integer)
    .option('--limit <n>', 'nodes, 1 to 500', integer)
    .option('--svg <file>', 'write the drawing there')
    .action((name: string, node: string, { hops, limit, svg }: { hops?: number; limit?: number; svg?: string }, command: Command) =>
      withDatabase(command, 'read', async ({ db, json, signal }) => {
        const found = await explainNode(await graphsOf(db).graph(name), node, { hops, limit, signal })
        if (svg !== undefined) await writeFile(svg, Buffer.from(found.svg, 'base64'))
        const own = found.attn.find((of) => of.node === node)
        report(json, found, () => [
          ...table([['node', 'hop', 'attention'], ...found.nodes.map(({ id, hop }) => [id, String(hop), share(own, id)])]),
          `without the edges that attention names the answer changes by ${found.fidelity.change.toFixed(3)}, without as many others by ${found.fidelity.baseline.toFixed(3)}`,
        ])
      }),
    )
}

function share(of: { targets: string[]; shares: number[] } | undefined, id: string): string {
  const at = of?.targets.indexOf(id) ?? -1
  return at < 0 ? '' : (of?.shares[at] ?? 0).toFixed(3)
}

function row({ name, nodes, edges, hyperedges, directed, collection }: GraphSummary): string[] {
  return [name, String(nodes), String(edges), String(hyperedges), directed ? 'yes' : 'no', collection ?? '-']
}

function summary({ name, nodes, edges, hyperedges }: GraphSummary): string {
  return `${name}: ${nodes} nodes, ${edges} edges, ${hyperedges} hyperedges`
}
