import { Type } from 'typebox'

const Point = Type.Array(Type.Number(), { minItems: 1, maxItems: 32 })
const Points = Type.Array(Point, { description: 'Coordinates of each point' })
const Count = Type.Integer({ minimum: 1, maximum: 65536, description: 'Neighbours asked for' })
const Metric = Type.Union([Type.Literal('euclidean'), Type.Literal('angular'), Type.Literal('residual')])

export const NeighborKernel = Type.Object(
  {
    kind: Type.Union(['matern12', 'matern32', 'matern52', 'rbf'].map((kind) => Type.Literal(kind))),
    variance: Type.Optional(Type.Number({ description: 'Above 0; default 1' })),
    lengthscale: Type.Union([Type.Number(), Type.Array(Type.Number(), { minItems: 1, maxItems: 32 })], { description: 'One, or one for each coordinate; above 0' }),
  },
  { $id: 'NeighborKernel', additionalProperties: false },
)

/** A new index. */
export const NeighborBuild = Type.Object(
  {
    points: Type.Optional(Points),
    collection: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Instead of points: the vectors of this collection; answers name its records' })),
    dim: Type.Optional(Type.Integer({ minimum: 1, maximum: 32, description: 'Coordinates a point; needed where there is no point yet' })),
    metric: Type.Optional(Metric),
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
    kernel: Type.Optional(Type.Ref('NeighborKernel')),
    inducing: Type.Optional(
      Type.Object(
        { count: Type.Integer({ minimum: 1, maximum: 8192 }), method: Type.Optional(Type.Union([Type.Literal('kmeans'), Type.Literal('random')])), seed: Type.Optional(Type.Integer({ minimum: 0 })) },
        { additionalProperties: false, description: 'Inducing points of a residual index; default 512 by k-means++' },
      ),
    ),
  },
  { $id: 'NeighborBuild', additionalProperties: false },
)

/** How a residual index is searched. */
const search = {
  exact: Type.Optional(Type.Boolean({ description: 'Residual: look at all pairs' })),
  gate: Type.Optional(Type.Union([Type.Literal('off'), Type.Literal('lookup'), Type.Literal('audit')])),
  audit: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Residual: queries held against all pairs' })),
}

export const NeighborQuery = Type.Object({ queries: Points, k: Count, ...search }, { $id: 'NeighborQuery', additionalProperties: false })
export const NeighborBall = Type.Object({ queries: Points, radius: Type.Number({ minimum: 0 }) }, { $id: 'NeighborBall', additionalProperties: false })
export const NeighborCount = Type.Object({ k: Count, ...search }, { $id: 'NeighborCount', additionalProperties: false })
export const NeighborPoints = Type.Object({ points: Points }, { $id: 'NeighborPoints', additionalProperties: false })
export const NeighborIds = Type.Object({ ids: Type.Array(Type.Integer({ minimum: 0, maximum: 0xffff_fffe }), { minItems: 1 }) }, { $id: 'NeighborIds', additionalProperties: false })

export const NeighborIndexInfo = Type.Object(
  {
    name: Type.String(),
    metric: Metric,
    length: Type.Integer({ description: 'Points' }),
    ids: Type.Integer({ description: 'Ids ever given; points that were removed keep theirs' }),
    dim: Type.Integer(),
    kernel: Type.Union([Type.Ref('NeighborKernel'), Type.Null()]),
    labelled: Type.Boolean({ description: 'Whether answers name records' }),
    fileBytes: Type.Integer(),
    memoryBytes: Type.Integer(),
  },
  { $id: 'NeighborIndexInfo' },
)

const Rows = <T extends ReturnType<typeof Type.Integer> | ReturnType<typeof Type.Number> | ReturnType<typeof Type.String>>(item: T, description: string) => Type.Array(Type.Array(item), { description })

/** Neighbours, a row for each query or point, nearest first; rows are shorter where there are fewer. */
export const NeighborAnswer = Type.Object(
  {
    ids: Rows(Type.Integer(), 'Numbers of points in the order they were given'),
    distances: Rows(Type.Number(), 'Distances; angles in radians'),
    records: Type.Optional(Rows(Type.String(), 'Ids of records, in an index of a collection')),
    report: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'How a residual search went' })),
  },
  { $id: 'NeighborAnswer' },
)

export const NeighborParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128, description: 'Name of the index' }) })

/** What stands in the address where the body is bytes: row-major little-endian numbers. */
export const BinaryOptions = Type.Object({
  type: Type.Optional(Type.Union([Type.Literal('f32'), Type.Literal('f64')], { default: 'f64', description: 'Of a body of bytes: row-major little-endian numbers' })),
  dim: Type.Optional(Type.Integer({ minimum: 1, maximum: 32, description: 'Of a body of bytes: coordinates a point' })),
  options: Type.Optional(Type.String({ maxLength: 4096, description: 'Of a body of bytes: the fields of the JSON body besides points, as JSON' })),
})

/** What stands in the address of work that may be a job. */
export const NeighborWork = Type.Object({
  ...BinaryOptions.properties,
  job: Type.Optional(Type.Boolean({ default: false, description: 'Answer 202 with a job at once, not when it is done' })),
})
