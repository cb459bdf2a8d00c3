import { Type } from 'typebox'
import type { App } from '../app.js'
import { BALL_MAPS, ballRequest, type BallRequest } from '../../engine/ball-request.js'
import { errors } from '../schemas/errors.js'

const Rows = (description: string) => Type.Array(Type.Array(Type.Number(), { minItems: 1, maxItems: 4096 }), { maxItems: 10_000, description })
const Body = Type.Object(
  {
    map: Type.Union(BALL_MAPS.map((map) => Type.Literal(map))),
    rows: Rows('A row of coordinates a point, or a tangent'),
    bases: Type.Optional(Rows('For `exp`, `log`, `add` and `distances`: one for all rows, or one a row; for `recentre` the centre, the mean without one')),
    weights: Type.Optional(Type.Array(Type.Number(), { maxItems: 10_000, description: 'For `mean`' })),
    kappa: Type.Optional(Type.Number({ default: -1, description: 'Curvature, below 0' })),
    margin: Type.Optional(Type.Number({ description: 'How far points are kept from the rim, in unit-ball coordinates' })),
    precision: Type.Optional(Type.Union([Type.Literal('f64'), Type.Literal('f32')], { default: 'f64' })),
  },
  { additionalProperties: false },
)
const Answer = Type.Union([
  Type.Object({ rows: Type.Array(Type.Array(Type.Number())) }),
  Type.Object({ distances: Type.Array(Type.Number()) }),
  Type.Object({ mean: Type.Object({ point: Type.Array(Type.Number()), variance: Type.Number(), iterations: Type.Integer(), converged: Type.Boolean() }) }),
])

/** Maps of the Poincaré ball. */
export default async function ball(app: App): Promise<void> {
  app.post(
    '/v1/ball',
    { config: { access: 'read' }, schema: { tags: ['graphs'], summary: 'Map, measure, average or recentre points of the Poincaré ball', description: 'Stable up to the rim; points outside are refused.', body: Body, response: { 200: Answer, ...errors(['BALL_CURVATURE', 'BALL_MARGIN', 'BALL_OPTION', 'BALL_OUTSIDE', 'MEAN_EMPTY', 'MEAN_WEIGHT', 'POINTS_DIMENSION', 'POINTS_LENGTH', 'POINTS_NOT_FINITE'], { body: true }) } } },
    ({ body }, reply) => ballRequest(body as BallRequest, { signal: reply.abandoned() }),
  )
}
