import path from 'node:path'
import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { EmbeddedGraph } from '../../engine/stored-graph.js'
import { graphsOf } from '../../graphs/explain.js'
import type { GraphBatch } from '../../graphs/store.js'
import { HttpError } from '../errors.js'
import { errors } from '../schemas/errors.js'
import { EdgePage, GraphParams, HyperedgePage, Neighbourhood, NodePage, PageQuery } from '../schemas/graphs.js'
import { GRAPH_ERRORS, GRAPH_WRITE_ERRORS } from './graphs.js'
import { INCOMING, received } from './import.js'
import { sendJson } from './send.js'

/** Formats by the media type of the body. */
const FORMATS: Readonly<Record<string, 'csv' | 'graphml' | 'json'>> = { 'text/csv': 'csv', 'application/xml': 'graphml', 'application/graphml+xml': 'graphml', 'application/json': 'json' }

const Loading = Type.Object({
  delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1, default: ',' })),
  header: Type.Optional(Type.Boolean({ default: false, description: 'Whether the first line names the columns' })),
  parallel: Type.Optional(Type.Union([Type.Literal('sum'), Type.Literal('max'), Type.Literal('last')], { default: 'sum', description: 'What becomes of edges named more than once' })),
})
const Around = Type.Object({
  id: Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { minItems: 1, maxItems: 1000 }), Type.String({ minLength: 1, maxLength: 1024 })], { description: 'May be repeated' }),
  hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 1 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })),
})

/** What a graph holds. */
export default async function graphData(app: App, { db, config }: Context): Promise<void> {
  app.post(
    '/v1/graphs/:name/batch',
    {
      schema: {
        tags: ['graphs'],
        summary: 'Change nodes, edges and hyperedges, all or none',
        params: GraphParams,
        body: Type.Ref('GraphBatch'),
        response: { 200: Type.Ref('GraphSummary'), ...errors([...GRAPH_WRITE_ERRORS, 'GRAPH_BATCH', 'GRAPH_ID', 'GRAPH_WEIGHT', 'GRAPH_SELF_LOOP'], { body: true }) },
      },
    },
    async ({ params, body }, reply) => {
      const graph = await graphsOf(db).graph(params.name)
      return graph.writeBatch(body as GraphBatch, { signal: reply.abandoned() })
    },
  )

  await app.register(async (streams) => {
    streams.removeAllContentTypeParsers()
    streams.addContentTypeParser(Object.keys(FORMATS), (_request, body, done) => done(null, body))
    streams.post(
      '/v1/graphs/:name/load',
      {
        schema: {
          tags: ['graphs'],
          summary: 'Load an edge list in CSV, GraphML or JSON',
          description: 'It is received and read whole before the first change. Loading the same again changes nothing.',
          consumes: Object.keys(FORMATS),
          params: GraphParams,
          querystring: Loading,
          body: Type.Unknown({ description: 'The file' }),
          response: { 200: Type.Ref('GraphSummary'), ...errors([...GRAPH_WRITE_ERRORS, 'GRAPH_SYNTAX', 'GRAPH_WEIGHT', 'GRAPH_ID', 'GRAPH_OPTION', 'GRAPH_TOO_LARGE', 'GRAPH_DIRECTED'], { body: true }) },
        },
        validatorCompiler: ({ schema, httpPart }) => (httpPart === 'body' ? () => true : (app.validatorCompiler?.({ schema, httpPart } as never) ?? (() => true))),
      },
      async (request, reply) => {
        const format = FORMATS[(request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '']
        if (format === undefined) throw new HttpError('MEDIA_TYPE', `send the file as one of ${Object.keys(FORMATS).join(', ')}`)
        const { name } = request.params as { name: string }
        const graph = await graphsOf(db).graph(name)
        const signal = reply.abandoned()
        const options = request.query as { delimiter?: string; header?: boolean; parallel?: 'sum' | 'max' | 'last' }
        return received(path.join(db.dir, INCOMING, `${request.id}.${format}`), request.body as Readable, config.server.importLimit, signal, (file) => graph.load(file, { ...options, format, signal }))
      },
    )
  })

  for (const [what, schema] of [['nodes', NodePage], ['edges', EdgePage], ['hyperedges', HyperedgePage]] as const) {
    app.get(`/v1/graphs/:name/${what}`, { schema: { tags: ['graphs'], summary: `List ${what}`, params: GraphParams, querystring: PageQuery, response: { 200: schema, ...errors([...GRAPH_ERRORS, 'GRAPH_OPTION']) } } }, async ({ params, query }, reply) => {
      const graph = await graphsOf(db).graph(params.name)
      const options = { ...query, signal: reply.abandoned() }
      return graph instanceof EmbeddedGraph ? sendJson(reply, await graph.pageJson(what, options)) : (graph[what](options) as never)
    })
  }

  app.get('/v1/graphs/:name/neighbourhood', { schema: { tags: ['graphs'], summary: 'What lies around nodes', params: GraphParams, querystring: Around, response: { 200: Neighbourhood, ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION']) } } }, async ({ params, query: { id, ...options } }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    return graph.neighbourhood([id].flat(), { ...options, signal: reply.abandoned() })
  })
}
