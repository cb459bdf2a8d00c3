import type { App, Context } from '../app.js'
import { EmbeddedGraphs } from '../../engine/stored-graph.js'
import { CanopyError } from '../../engine/error.js'
import { graphsOf } from '../../graphs/explain.js'
import { errors } from '../schemas/errors.js'
import { GraphParams, GraphSpec } from '../schemas/graphs.js'
import { Type } from 'typebox'

/** What any route of a graph may answer with. */
export const GRAPH_ERRORS = ['GRAPH_NOT_FOUND', 'GRAPH_NAME', 'GRAPH_STORE_MISSING']
/** What any route that changes a graph may answer with. */
export const GRAPH_WRITE_ERRORS = [...GRAPH_ERRORS, 'STORE_READ_ONLY', 'STORE_FULL']

/** Graphs by name. */
export default async function graphs(app: App, { db, jobs }: Context): Promise<void> {
  app.get('/v1/graphs', { schema: { tags: ['graphs'], summary: 'List graphs', response: { 200: Type.Object({ graphs: Type.Array(Type.Ref('GraphSummary')) }), ...errors(['GRAPH_STORE_MISSING']) } } }, async () => ({ graphs: await graphsOf(db).list() }))

  app.post(
    '/v1/graphs',
    {
      schema: {
        tags: ['graphs'],
        summary: 'Make a graph, empty or from a collection',
        description: 'A graph of a collection is filled by a job that the answer’s Link header names.',
        body: GraphSpec,
        response: { 201: Type.Ref('GraphSummary'), ...errors([...GRAPH_WRITE_ERRORS, 'GRAPH_EXISTS', 'GRAPH_OPTION', 'COLLECTION_NOT_FOUND', 'JOBS_FULL'], { body: true }) },
      },
    },
    async ({ body: { name, directed, collection, ...options } }, reply) => {
      const store = graphsOf(db)
      void reply.code(201).header('location', `/v1/graphs/${encodeURIComponent(name)}`)
      if (collection === undefined) return (await store.create(name, { directed })).info()
      if (!(store instanceof EmbeddedGraphs)) throw new CanopyError('GRAPH_OPTION', 'invalid_input', 'a graph of a collection is kept in the folder of that collection')
      const graph = await store.follow(name, collection, options)
      const job = jobs.start('sync', name, (call) => graph.sync(call))
      void reply.header('link', `</v1/jobs/${job.id}>; rel="monitor"`)
      return graph.info()
    },
  )

  app.get('/v1/graphs/:name', { schema: { tags: ['graphs'], summary: 'Describe a graph', params: GraphParams, response: { 200: Type.Ref('GraphSummary'), ...errors(GRAPH_ERRORS) } } }, async ({ params }) => (await graphsOf(db).graph(params.name)).info())

  app.delete('/v1/graphs/:name', { schema: { tags: ['graphs'], summary: 'Delete a graph', params: GraphParams, response: { 204: Type.Null(), ...errors([...GRAPH_WRITE_ERRORS, 'AUTH_READ_ONLY']) } } }, async ({ params }, reply) => {
    await graphsOf(db).drop(params.name)
    return reply.code(204).send(null)
  })
}
