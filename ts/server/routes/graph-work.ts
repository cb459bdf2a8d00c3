import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { EmbeddedGraph } from '../../engine/stored-graph.js'
import { CanopyError } from '../../engine/error.js'
import type { TunePqOptions } from '../../engine/graph.js'
import { embedGraph, type Embedding } from '../../graphs/embed.js'
import { estimateGraph, type GraphWork } from '../../graphs/estimate.js'
import { graphsOf } from '../../graphs/explain.js'
import type { Job, Jobs } from '../../graphs/jobs.js'
import { neighbourhoodDiagram, graphDiagram, graphLoops } from '../../graphs/persistence.js'
import { suggestLinks } from '../../graphs/suggest.js'
import { tuneGraph } from '../../graphs/tune.js'
import { errors } from '../schemas/errors.js'
import { Diagram, EmbeddingRequest, EstimateRequest, GraphParams, JobParams, Loops, SuggestionKind, SuggestionPage, SuggestRequest, TuneRequest, WorkEstimate } from '../schemas/graphs.js'
import { GRAPH_ERRORS, GRAPH_WRITE_ERRORS } from './graphs.js'

/** What a route answers that starts a job. */
export const Started = { 202: Type.Ref('Job') }
const Which = Type.Object({ kind: SuggestionKind, node: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })) })
const Part = Type.Object({ node: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'Only what lies around this node' })), hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 2 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 500 })) })

/** Starts jobs, and says where they are. */
export function starter(jobs: Jobs) {
  return (reply: { code(code: 202): { header(name: string, value: string): unknown } }, kind: string, graph: string, work: Parameters<Jobs['start']>[2]): Job => {
    const job = jobs.start(kind, graph, work)
    reply.code(202).header('location', `/v1/jobs/${job.id}`)
    return job
  }
}

/** What is computed on a graph. Long work is a job: 202 with an id, then GET /v1/jobs/{id}. */
export default async function graphWork(app: App, { db, jobs, metrics }: Context): Promise<void> {
  const start = starter(jobs)

  app.post(
    '/v1/graphs/:name/embeddings',
    { schema: { tags: ['graphs'], summary: 'Embed every node and write the vectors to a collection', description: 'A search in that collection finds nodes that are alike. Progress counts thousandths.', params: GraphParams, body: EmbeddingRequest, response: { ...Started, ...errors([...GRAPH_WRITE_ERRORS, 'JOBS_FULL'], { body: true }) } } },
    async ({ params, body: { into, ...embedding } }, reply) => {
      const graph = await graphsOf(db).graph(params.name)
      return start(reply, `embed:${embedding.method}`, params.name, (call) => embedGraph(db, graph, embedding as Embedding, into, call))
    },
  )

  app.post(
    '/v1/graphs/:name/tune',
    { schema: { tags: ['graphs'], summary: 'Search for the p and q of Node2Vec', description: 'The best is kept in best_pq.json under the data folder after every evaluation; a search of the same graph resumes from it.', params: GraphParams, body: TuneRequest, response: { ...Started, ...errors([...GRAPH_WRITE_ERRORS, 'JOBS_FULL'], { body: true }) } } },
    async ({ params, body }, reply) => {
      const graph = await graphsOf(db).graph(params.name)
      return start(reply, 'tune', params.name, (call) => tuneGraph(graph, db.dir, body as TunePqOptions, call))
    },
  )

  app.post('/v1/graphs/:name/estimate', { config: { access: 'read' }, schema: { tags: ['graphs'], summary: 'What an embedding, suggestions, a search for p and q, or diagrams will take', params: GraphParams, body: EstimateRequest, response: { 200: WorkEstimate, ...errors([...GRAPH_ERRORS, 'GRAPH_OPTION', 'NODE2VEC_PQ', 'NODE2VEC_TIME_LIMIT', 'POINCARE_OPTION', 'BALL_CURVATURE'], { body: true }) } } }, async ({ params, body }, reply) =>
    estimateGraph(await graphsOf(db).graph(params.name), body as GraphWork, { signal: reply.abandoned() }),
  )

  app.post('/v1/graphs/:name/suggestions', { schema: { tags: ['graphs'], summary: 'Suggest links, and keep them', params: GraphParams, body: SuggestRequest, response: { ...Started, ...errors([...GRAPH_WRITE_ERRORS, 'JOBS_FULL'], { body: true }) } } }, async ({ params, body: { kind, ...options } }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    return start(reply, `suggest:${kind}`, params.name, async (call) => {
      const found = await suggestLinks(graph, kind, { ...options, ...call })
      if (kind === 'hyper_aa') metrics.suggested(found.length)
      return { suggestions: found.length }
    })
  })

  app.get('/v1/graphs/:name/suggestions', { schema: { tags: ['graphs'], summary: 'Read kept suggestions, best first', params: GraphParams, querystring: Which, response: { 200: SuggestionPage, ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION']) } } }, async ({ params, query: { kind, ...options } }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    return { suggestions: await graph.suggestions(kind, { ...options, signal: reply.abandoned() }) }
  })

  app.get('/v1/graphs/:name/persistence', { schema: { tags: ['graphs'], summary: 'Components and loops of the flag complex, by weight', params: GraphParams, querystring: Part, response: { 200: Diagram, ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION', 'GRAPH_TOO_LARGE']) } } }, async ({ params, query: { node, ...options } }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    const signal = reply.abandoned()
    return node === undefined ? graphDiagram(graph, { signal }) : neighbourhoodDiagram(graph, node, { ...options, signal })
  })

  app.get('/v1/graphs/:name/loops', { schema: { tags: ['graphs'], summary: 'Every loop of the flag complex, with a cycle of edges around it', params: GraphParams, querystring: Part, response: { 200: Loops, ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION', 'GRAPH_TOO_LARGE']) } } }, async ({ params, query }, reply) => ({
    loops: await graphLoops(await graphsOf(db).graph(params.name), { ...query, signal: reply.abandoned() }),
  }))

  app.post('/v1/graphs/:name/sync', { schema: { tags: ['graphs'], summary: 'Bring a graph to where its collection is now', params: GraphParams, response: { ...Started, ...errors([...GRAPH_WRITE_ERRORS, 'GRAPH_FOLLOWS_NOTHING', 'COLLECTION_NOT_FOUND', 'JOBS_FULL'], { body: true }) } } }, async ({ params }, reply) => {
    const graph = await graphsOf(db).graph(params.name)
    if (!(graph instanceof EmbeddedGraph) || (await graph.info()).collection === null) throw new CanopyError('GRAPH_FOLLOWS_NOTHING', 'conflict', `graph "${params.name}" follows no collection: make one with "collection"`)
    return start(reply, 'sync', params.name, (call) => graph.sync(call))
  })

  app.get('/v1/jobs', { schema: { tags: ['graphs'], summary: 'List jobs, the newest first', response: { 200: Type.Object({ jobs: Type.Array(Type.Ref('Job')) }), ...errors([]) } } }, () => ({ jobs: jobs.list() }))

  app.get('/v1/jobs/:id', { schema: { tags: ['graphs'], summary: 'How far a job has come', params: JobParams, response: { 200: Type.Ref('Job'), ...errors(['JOB_NOT_FOUND']) } } }, ({ params }) => jobs.get(params.id))

  app.delete('/v1/jobs/:id', { schema: { tags: ['graphs'], summary: 'Cancel a job', params: JobParams, response: { 200: Type.Ref('Job'), ...errors(['JOB_NOT_FOUND', 'AUTH_READ_ONLY']) } } }, ({ params }) => jobs.cancel(params.id))
}
