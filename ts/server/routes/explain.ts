import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { EmbeddedGraph } from '../../engine/stored-graph.js'
import { CanopyError } from '../../engine/error.js'
import { explainNode, graphsOf } from '../../graphs/explain.js'
import type { StoredGraph } from '../../graphs/store.js'
import { errors } from '../schemas/errors.js'
import { GRAPH_ERRORS } from './graphs.js'

const Params = Type.Object({ node: Type.String({ minLength: 1, maxLength: 1024, description: 'Id of the node' }) })
const Query = Type.Object({
  graph: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Needed where there is more than one' })),
  hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 2 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'Most nodes' })),
})

/** Changes that an answer may wait for: some tens of milliseconds. More are left to POST /v1/graphs/{name}/sync. */
const FOLLOWED = 16

/** Why a node is where it is. */
export default async function explain(app: App, { db, config }: Context): Promise<void> {
  app.get(
    '/explain/:node',
    { schema: { tags: ['graphs'], summary: 'Explain a node: its neighbourhood, attention, and a drawing', params: Params, querystring: Query, response: { 200: Type.Ref('Explanation'), ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION']) } } },
    async ({ params, query: { graph: name, ...options } }, reply) => {
      const signal = reply.abandoned()
      const graph = await chosen(name)
      if (graph instanceof EmbeddedGraph && !config.data.readOnly && (await graph.info()).collection !== null) await graph.sync({ most: FOLLOWED, signal })
      return explainNode(graph, params.node, { ...options, signal })
    },
  )

  async function chosen(name: string | undefined): Promise<StoredGraph> {
    const graphs = graphsOf(db)
    if (name !== undefined) return graphs.graph(name)
    const [only, another] = await graphs.list()
    if (only === undefined) throw new CanopyError('GRAPH_NOT_FOUND', 'not_found', 'there is no graph yet: make one with POST /v1/graphs')
    if (another !== undefined) throw new CanopyError('GRAPH_OPTION', 'invalid_input', 'there is more than one graph: say which with ?graph=')
    return graphs.graph(only.name)
  }
}
