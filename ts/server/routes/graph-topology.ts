import { Readable } from 'node:stream'
import type { App, Context } from '../app.js'
import { correctGraph } from '../../graphs/correct.js'
import { diagramDistance, diagramPart, listedPoints, type DiagramPart } from '../../graphs/distance.js'
import { graphsOf } from '../../graphs/explain.js'
import { exportGraph, type GraphExportFormat } from '../../graphs/export.js'
import { GraphLayers } from '../../graphs/layers.js'
import { errors } from '../schemas/errors.js'
import { CorrectionRequest, Diagram, Distance, DistanceRequest, ExportQuery, GraphParams, LayerQuery, LayerRequest } from '../schemas/graphs.js'
import { Started, starter } from './graph-work.js'
import { GRAPH_ERRORS, GRAPH_WRITE_ERRORS } from './graphs.js'
import { Type } from 'typebox'

const MEDIA: Readonly<Record<GraphExportFormat, string>> = { json: 'application/json', csv: 'text/csv; charset=utf-8', graphml: 'application/graphml+xml' }

/** Bars, or a part of a graph. */
type Target = { bars: (number | null)[][] } | ({ graph?: string } & DiagramPart)

/** Diagrams compared, followed and corrected; graphs written out. */
export default async function graphTopology(app: App, { db, jobs }: Context): Promise<void> {
  const start = starter(jobs)
  const layers = new GraphLayers()

  const points = async (target: Target, dimension: 0 | 1, own: string, signal: AbortSignal | undefined) => {
    if ('bars' in target) return listedPoints(target.bars)
    const { graph = own, ...part } = target
    return diagramPart(await graphsOf(db).graph(graph), dimension, part, { signal })
  }

  app.post(
    '/v1/graphs/:name/distances',
    { config: { access: 'read' }, schema: { tags: ['graphs'], summary: 'How far two diagrams are apart', description: 'The diagram of a graph, or of what lies around a node, against bars or another part.', params: GraphParams, body: DistanceRequest, response: { 200: Distance, ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION', 'DIAGRAM_POINT', 'DIAGRAM_TOO_LARGE', 'TOPOLOGY_OPTION'], { body: true }) } } },
    async ({ params, body: { to, dimension = 1, kind, order, epsilon, ...part } }, reply) => {
      const signal = reply.abandoned()
      const a = await diagramPart(await graphsOf(db).graph(params.name), dimension as 0 | 1, part, { signal })
      return diagramDistance(a, await points(to as Target, dimension as 0 | 1, params.name, signal), { kind: kind as 'wasserstein', order, epsilon, signal })
    },
  )

  app.post(
    '/v1/graphs/:name/layer',
    { config: { access: 'read' }, schema: { tags: ['graphs'], summary: 'Compute the diagram of every node’s neighbourhood, or bring it to where the graph is now', description: 'Held in memory, the last few; after a change only what it can affect is computed anew.', params: GraphParams, body: LayerRequest, response: { ...Started, ...errors([...GRAPH_ERRORS, 'JOBS_FULL'], { body: true }) } } },
    async ({ params, body: { radius } }, reply) => {
      const layer = layers.open(await graphsOf(db).graph(params.name), radius)
      return start(reply, 'layer', params.name, (call) => layer.follow(call))
    },
  )

  app.get('/v1/graphs/:name/layer', { schema: { tags: ['graphs'], summary: 'The diagram of a node’s neighbourhood, of the version that was followed last', params: GraphParams, querystring: LayerQuery, response: { 200: Type.Interface([Diagram], { version: Type.Integer() }), ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'LAYER_MISSING']) } } }, async ({ params, query: { node, radius } }) =>
    layers.get(params.name, radius).diagram(node),
  )

  app.post(
    '/v1/graphs/:name/corrections',
    { schema: { tags: ['graphs'], summary: 'Move weights until the diagram is the wanted one', params: GraphParams, body: CorrectionRequest, response: { ...Started, ...errors([...GRAPH_WRITE_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'DIAGRAM_POINT', 'JOBS_FULL'], { body: true }) } } },
    async ({ params, body: { to, dimension = 1, ...options } }, reply) => {
      const graph = await graphsOf(db).graph(params.name)
      return start(reply, 'correct', params.name, async (call) => correctGraph(graph, await points(to as Target, dimension as 0 | 1, params.name, call.signal), { dimension: dimension as 0 | 1, ...options }, call))
    },
  )

  app.get('/v1/graphs/:name/export', { schema: { tags: ['graphs'], summary: 'A graph as JSON, CSV or GraphML, as `load` reads it', params: GraphParams, querystring: ExportQuery, produces: Object.values(MEDIA), response: { 200: Type.Unknown(), ...errors(GRAPH_ERRORS) } } }, async ({ params, query: { format = 'json' } }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    await graph.info()
    const kind = format as GraphExportFormat
    return reply.type(MEDIA[kind]).send(Readable.from(exportGraph(graph, kind, { signal: reply.abandoned() })) as never)
  })
}
