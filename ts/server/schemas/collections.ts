import { Type } from 'typebox'

const Metric = Type.Union([Type.Literal('cosine'), Type.Literal('dot'), Type.Literal('l2')])

export const CollectionSpec = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    model: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Type.Null()], { description: 'The embedding model; null for keywords and own vectors only', examples: ['static-en', 'minilm-l6-v2'] })),
    dim: Type.Optional(Type.Integer({ minimum: 1, maximum: 65536, description: 'Numbers per vector where you bring them' })),
    metric: Type.Optional(Metric),
  },
  { $id: 'CollectionSpec', additionalProperties: false },
)

const Model = Type.Object({ name: Type.String(), digest: Type.String() }, { description: 'The model that makes the vectors; null where callers bring them' })
const Vectors = Type.Object({ dim: Type.Integer(), metric: Metric, model: Type.Union([Model, Type.Null()]) }, { description: 'null for keywords only' })

const Index = Type.Object(
  {
    state: Type.Union([Type.Literal('unloaded'), Type.Literal('exact'), Type.Literal('building'), Type.Literal('ready'), Type.Literal('rebuilding')]),
    vectors: Type.Integer({ description: 'Vectors in memory' }),
    exactBelow: Type.Union([Type.Integer(), Type.Null()], { description: 'Vectors from which on a graph is built' }),
    pending: Type.Integer({ description: 'Changes that searches look at exactly until the graph has taken them in' }),
    done: Type.Integer(),
    total: Type.Integer({ description: 'Vectors of a build under way' }),
    bytes: Type.Integer({ description: 'Of the graph, beside the vectors' }),
    fileBytes: Type.Integer(),
    recall: Type.Union([Type.Number(), Type.Null()], { description: 'At 10, measured when it was built' }),
    error: Type.Union([Type.String(), Type.Null()], { description: 'Why the last build or save failed' }),
  },
  { description: 'How the vectors are searched; null for keywords only' },
)

export const CollectionInfo = Type.Object(
  { name: Type.String(), count: Type.Integer(), vectors: Type.Union([Vectors, Type.Null()]), index: Type.Union([Index, Type.Null()]), settings: Type.Record(Type.String(), Type.Unknown()) },
  { $id: 'CollectionInfo' },
)

export const RebuildReport = Type.Object({ records: Type.Integer(), embedded: Type.Integer(), modelChanged: Type.Boolean() }, { $id: 'RebuildReport' })

export const ModelInfo = Type.Object(
  {
    name: Type.String(),
    state: Type.Union([Type.Literal('unloaded'), Type.Literal('loading'), Type.Literal('loaded')]),
    dim: Type.Union([Type.Integer(), Type.Null()], { description: 'Known once the model was loaded' }),
    digest: Type.Union([Type.String(), Type.Null()]),
    fileBytes: Type.Integer(),
    memoryBytes: Type.Integer(),
  },
  { $id: 'ModelInfo' },
)

export const Stats = Type.Object(
  {
    folder: Type.String(),
    readOnly: Type.Boolean(),
    diskBytes: Type.Integer(),
    embeddingCacheBytes: Type.Integer(),
    collections: Type.Array(Type.Object({ name: Type.String(), count: Type.Integer(), loaded: Type.Boolean(), keywordBytes: Type.Integer(), vectorBytes: Type.Integer(), metadataBytes: Type.Integer(), index: Type.Union([Index, Type.Null()]) })),
    models: Type.Array(Type.Ref('ModelInfo')),
  },
  { $id: 'Stats' },
)

export const CollectionParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128, description: 'Name of the collection' }) })
export const RecordParams = Type.Object({ name: CollectionParams.properties.name, id: Type.String({ minLength: 1, maxLength: 512, description: 'Id of the record' }) })
