import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { explainIn } from '../../graphs/explain.js'
import { errors } from '../schemas/errors.js'
import { GRAPH_ERRORS } from './graphs.js'

const Params = Type.Object({ node: Type.String({ minLength: 1, maxLength: 1024, description: 'Id of the node' }) })
const Query = Type.Object({
  graph: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Needed where there is more than one' })),
  hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 2 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'Most nodes' })),
})

/** Why a node is where it is. */
export default async function explain(app: App, { db, config }: Context): Promise<void> {
  app.get(
    '/explain/:node',
    { schema: { tags: ['graphs'], summary: 'Explain a node: its neighbourhood, attention, and a drawing', params: Params, querystring: Query, response: { 200: Type.Ref('Explanation'), ...errors([...GRAPH_ERRORS, 'GRAPH_NODE_NOT_FOUND', 'GRAPH_OPTION']) } } },
    async ({ params, query }, reply) => explainIn(db, params.node, { ...query, follow: !config.data.readOnly, signal: reply.abandoned() }),
  )
}
