import { Type } from 'typebox'
import { Vector } from './records.js'

const Metric = Type.Union([Type.Literal('cosine'), Type.Literal('dot'), Type.Literal('l2')], { default: 'cosine' })
const Preset = Type.Union([Type.Literal('graph'), Type.Literal('exact'), Type.Literal('hybrid'), Type.Literal('lists')], { description: 'graph walks and scores what it found exactly; exact scores all; hybrid and lists need `prepare`, which says what they find' })
const wide = { ef: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Candidates of a walk: more find more and take longer; default the index’s own choice' })), rerank: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Candidates that are scored again exactly' })) }

/** The name in an address. */
export const IndexParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128, description: 'Name of the index' }) })

const Id = Type.Union([Type.String(), Type.Integer()], { description: 'A string, or a whole number where the index has such ids' })
const Ids = Type.Array(Id, { maxItems: 1_000_000 })

const build = {
  degree: Type.Optional(Type.Integer({ minimum: 4, maximum: 128, default: 32, description: 'Neighbours a node' })),
  ef: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 96, description: 'Candidates from which a new node’s neighbours are chosen' })),
  storage: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('f32'), Type.Literal('f16')])),
}
const shape = { dim: Type.Integer({ minimum: 1, maximum: 65536 }), metric: Type.Optional(Metric), ...build }

/** An index to be made. */
export const IndexSpec = Type.Object({ name: IndexParams.properties.name, ...shape, idKind: Type.Optional(Type.Union([Type.Literal('string'), Type.Literal('number')], { default: 'string' })) }, { additionalProperties: false })
export const EstimateBody = Type.Object({ count: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), ...shape }, { additionalProperties: false })
export const Estimate = Type.Object({ bytes: Type.Integer(), graphBytes: Type.Integer(), buildBytes: Type.Integer(), buildSeconds: Type.Number(), threads: Type.Integer() }, { description: 'Bytes of the index with its vectors, of these beside the vectors, in use during the build; seconds on so many cores' })

export const VectorIndexInfo = Type.Object(
  {
    name: Type.String(),
    idKind: Type.String(),
    saved: Type.Boolean({ description: 'Whether all changes are on the disk' }),
    length: Type.Integer(),
    dim: Type.Integer(),
    metric: Metric,
    build: Type.Record(Type.String(), Type.Unknown()),
    walkDim: Type.Integer({ description: 'Values of a vector that a walk looks at' }),
    graphBytes: Type.Integer({ description: 'Beside the vectors' }),
    memoryBytes: Type.Integer(),
    stale: Type.Boolean({ description: 'Whether it has grown so much that a new build would be better' }),
    lists: Type.Integer({ description: 'Inverted lists over the vectors as they are, for the presets hybrid and lists; 0 without' }),
  },
  { $id: 'VectorIndexInfo' },
)

export const AddBody = Type.Object({ ids: Ids, vectors: Type.Array(Vector, { maxItems: 1_000_000 }) }, { additionalProperties: false })
export const RemoveBody = Type.Object({ ids: Ids }, { additionalProperties: false })
export const SearchBody = Type.Object(
  {
    vector: Vector,
    k: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 10 })),
    ...wide,
    preset: Type.Optional(Preset),
    candidates: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    keep: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    probes: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_536 })),
    allow: Type.Optional({ ...Ids, description: 'Only these ids may be found' }),
  },
  { additionalProperties: false },
)
export const RangeBody = Type.Object(
  {
    vector: Vector,
    least: Type.Number({ description: 'The least score; under l2 minus the squared radius' }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 10_000 })),
    ...wide,
    allow: Type.Optional({ ...Ids, description: 'Only these ids may be found' }),
  },
  { additionalProperties: false },
)
export const TuneBody = Type.Object({ recall: Type.Number({ minimum: 0, maximum: 1 }), k: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 10 })) }, { additionalProperties: false })
export const Tuning = Type.Object({ options: Type.Object({ ef: Type.Integer(), rerank: Type.Integer() }), recall: Type.Number(), micros: Type.Union([Type.Number(), Type.Null()]), reached: Type.Boolean() })
export const Lists = Type.Object({ lists: Type.Integer(), bytes: Type.Integer(), hybridRecall: Type.Number(), listsRecall: Type.Number() }, { description: 'The lists, and the share of the true ten that the presets find' })

export const VectorMatches = Type.Object(
  { hits: Type.Array(Type.Object({ id: Id, score: Type.Number({ description: 'Cosine, dot product, or minus the squared distance' }) })), tookMs: Type.Number() },
  { $id: 'VectorMatches' },
)
