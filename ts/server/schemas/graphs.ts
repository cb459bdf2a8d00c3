import { Type } from 'typebox'

const Attributes = Type.Record(Type.String(), Type.Unknown())
const Id = Type.Union([Type.String({ minLength: 1, maxLength: 1024 }), Type.Integer()], { description: 'A text or a whole number; 7 and "7" are one node' })
const closed = { additionalProperties: false }

export const GraphSpec = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    directed: Type.Optional(Type.Boolean({ default: false })),
    collection: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Derive the graph from this collection and follow it: records are nodes, terms hyperedges, nearest neighbours edges' })),
    neighbours: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, default: 8, description: 'Nearest neighbours a record' })),
    terms: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, default: 24, description: 'Terms a record' })),
    chunk: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 1200, description: 'Characters of a chunk, 0 for none' })),
  },
  closed,
)

export const GraphSummary = Type.Object(
  {
    name: Type.String(),
    directed: Type.Boolean(),
    nodes: Type.Integer(),
    edges: Type.Integer(),
    hyperedges: Type.Integer(),
    version: Type.Integer({ description: 'Grows with every batch that changed something' }),
    collection: Type.Union([Type.String(), Type.Null()], { description: 'The collection that it follows' }),
  },
  { $id: 'GraphSummary' },
)

export const GraphBatch = Type.Object(
  {
    nodes: Type.Optional(Type.Array(Type.Object({ id: Id, attributes: Type.Optional(Attributes) }, closed))),
    edges: Type.Optional(Type.Array(Type.Object({ source: Id, target: Id, weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, default: 1 })), attributes: Type.Optional(Attributes) }, closed))),
    hyperedges: Type.Optional(Type.Array(Type.Object({ id: Id, members: Type.Array(Id), attributes: Type.Optional(Attributes) }, closed))),
    remove: Type.Optional(
      Type.Object(
        { nodes: Type.Optional(Type.Array(Id)), edges: Type.Optional(Type.Array(Type.Object({ source: Id, target: Id }, closed))), hyperedges: Type.Optional(Type.Array(Id)) },
        closed,
      ),
    ),
  },
  { $id: 'GraphBatch', additionalProperties: false, description: 'Changes, all or none: removals first, then nodes, edges and hyperedges' },
)

const Node = { id: Type.String(), attributes: Attributes }
const Edge = Type.Object({ source: Type.String(), target: Type.String(), weight: Type.Number(), attributes: Attributes })
const page = <T extends Parameters<typeof Type.Array>[0]>(item: T) => Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()], { description: 'Pass it as `after` for the next page' }) })

export const NodePage = page(Type.Object(Node))
export const EdgePage = page(Edge)
export const HyperedgePage = page(Type.Object({ id: Type.String(), members: Type.Array(Type.String()), attributes: Attributes }))
export const Neighbourhood = Type.Object({ nodes: Type.Array(Type.Object({ ...Node, hop: Type.Integer() })), edges: Type.Array(Edge), truncated: Type.Boolean() })

export const Explanation = Type.Object(
  {
    nodes: Type.Array(Type.Object({ id: Type.String(), hop: Type.Integer(), diffusion: Type.Number() }), { description: 'The explained node first, then by falling diffusion' }),
    edges: Type.Array(Type.Object({ source: Type.String(), target: Type.String(), weight: Type.Number(), similarity: Type.Number() })),
    attn: Type.Array(Type.Object({ node: Type.String(), targets: Type.Array(Type.String()), shares: Type.Array(Type.Number()) }), { description: 'For each node, how its attention is spread over its edges; shares sum to 1' }),
    fidelity: Type.Object(
      { edges: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 })), change: Type.Number(), baseline: Type.Number() },
      { description: 'How much the answer changes without the edges that attention names, beside as many others' },
    ),
    svg: Type.String({ description: 'A drawing: SVG in Base64' }),
  },
  { $id: 'Explanation' },
)

export const Job = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    graph: Type.String({ description: 'The graph or index that it works on' }),
    state: Type.Union(['waiting', 'running', 'done', 'failed', 'cancelled'].map((state) => Type.Literal(state))),
    done: Type.Integer(),
    total: Type.Integer({ description: '0 while it is not known' }),
    startedAt: Type.String(),
    endedAt: Type.Union([Type.String(), Type.Null()]),
    result: Type.Unknown(),
    error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  },
  { $id: 'Job' },
)

const positive = Type.Number({ exclusiveMinimum: 0 })
const count = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }))
const GraphWave = {
  method: Type.Literal('graphwave'),
  scales: Type.Optional(Type.Array(positive, { minItems: 1, maxItems: 16 })),
  points: count(1000),
  maxT: Type.Optional(positive),
  tolerance: Type.Optional(Type.Number({ minimum: 1e-12, maximum: 0.1 })),
  laplacian: Type.Optional(Type.Union([Type.Literal('normalized'), Type.Literal('combinatorial')])),
  exact: Type.Optional(Type.Boolean()),
}
const Node2Vec = {
  method: Type.Literal('node2vec'),
  p: Type.Optional(Type.Number()),
  q: Type.Optional(Type.Number()),
  walks: count(1000),
  length: count(10_000),
  dim: count(4096),
  window: count(100),
  negatives: count(100),
  epochs: count(1000),
  learningRate: Type.Optional(positive),
  seed: Type.Optional(Type.Integer({ minimum: 0 })),
  deterministic: Type.Optional(Type.Boolean({ description: 'The same bits for the same seed, on one thread' })),
}
const Poincare = { method: Type.Literal('poincare'), kappa: Type.Optional(Type.Number({ default: -1, description: 'Curvature, below 0' })), dim: count(1024), epochs: count(10_000), burnIn: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })), negatives: count(1000), learningRate: Type.Optional(positive), seed: Type.Optional(Type.Integer({ minimum: 0 })) }
const into = { into: Type.String({ minLength: 1, maxLength: 128, description: 'The collection that the vectors are written to; made where there is none' }) }

export const EmbeddingRequest = Type.Union([Type.Object({ ...GraphWave, ...into }, closed), Type.Object({ ...Node2Vec, ...into }, closed), Type.Object({ ...Poincare, ...into }, closed)])
export const SuggestionKind = Type.Union([Type.Literal('aa'), Type.Literal('hyper_aa')], { description: 'By common neighbours, or by common hyperedges' })
const Suggesting = { top: count(10_000), minScore: Type.Optional(Type.Number({ minimum: 0 })), largest: Type.Optional(Type.Integer({ minimum: 0, description: 'Pass over hyperedges with more members' })) }
export const SuggestRequest = Type.Object({ kind: SuggestionKind, ...Suggesting }, closed)
export const SuggestionPage = Type.Object({ suggestions: Type.Array(Type.Object({ source: Type.String(), target: Type.String(), score: Type.Number() })) })

export const Diagram = Type.Object({ dimensions: Type.Array(Type.Integer()), births: Type.Array(Type.Number()), deaths: Type.Array(Type.Union([Type.Number(), Type.Null()]), { description: 'null where a bar stays' }) })

export const Loops = Type.Object({ loops: Type.Array(Type.Object({ birth: Type.Number(), death: Type.Union([Type.Number(), Type.Null()], { description: 'null where it stays' }), cycle: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), { description: 'Edges that run around it and are there at its birth' }) })) })

const bars = Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()]), { minItems: 2, maxItems: 2 }), { maxItems: 5000, description: 'Bars: birth and death, null where one stays' })
const around = { node: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'Only what lies around this node' })), hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 2 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 500 })) }
const dimension = Type.Optional(Type.Union([Type.Literal(0), Type.Literal(1)], { default: 1, description: '0: components, 1: loops' }))
const order = Type.Optional(Type.Number({ minimum: 1, maximum: 64, default: 2 }))
const epsilon = (description: string) => Type.Optional(Type.Number({ minimum: 0, description }))

export const DistanceRequest = Type.Object(
  {
    ...around,
    dimension,
    to: Type.Union([Type.Object({ bars }, closed), Type.Object({ graph: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Default: the same graph' })), ...around }, closed)], { description: 'What it is compared with: bars, or a part of a graph' }),
    kind: Type.Optional(Type.Union([Type.Literal('bottleneck'), Type.Literal('wasserstein'), Type.Literal('sinkhorn')], { default: 'wasserstein' })),
    order,
    epsilon: epsilon('Strength of smoothing by `sinkhorn`'),
  },
  closed,
)
export const Distance = Type.Object({ kind: Type.String(), distance: Type.Union([Type.Number(), Type.Null()], { description: 'null where it is infinite' }), epsilon: Type.Optional(Type.Number()), massError: Type.Optional(Type.Number()), iterations: Type.Optional(Type.Integer()) })
export const LayerRequest = Type.Object({ radius: Type.Optional(Type.Integer({ minimum: 1, maximum: 16, default: 2 })) }, closed)
export const LayerQuery = Type.Object({ node: Type.String({ minLength: 1, maxLength: 1024 }), radius: Type.Optional(Type.Integer({ minimum: 1, maximum: 16, default: 2 })) })
export const CorrectionRequest = Type.Object(
  {
    dimension,
    to: Type.Union([Type.Object({ bars }, closed), Type.Object({ graph: Type.String({ minLength: 1, maxLength: 128 }), ...around }, closed)], { description: 'The wanted diagram: bars, or that of a graph' }),
    epsilon: epsilon('A distance up to this is close enough; default 1e-6'),
    order,
    iterations: count(10_000),
    apply: Type.Optional(Type.Boolean({ default: false, description: 'Whether the new weights are written to the graph' })),
  },
  closed,
)
const { method: _, ...node2vec } = Node2Vec
const Tuning = {
  maxMinutes: Type.Optional(Type.Number({ description: 'Wall-clock limit, above 0; default 10' })),
  evaluations: count(1000),
  patience: count(1000),
  held: Type.Optional(Type.Number({ description: 'Share of the links held back, above 0, up to 0.5; default 0.1' })),
  seed: Type.Optional(Type.Integer({ minimum: 0 })),
  node2vec: Type.Optional(Type.Object(node2vec, closed)),
}
export const TuneRequest = Type.Object(Tuning, closed)

const { p, q, walks, length, seed } = Node2Vec
export const EstimateRequest = Type.Union([
  Type.Object(GraphWave, closed),
  Type.Object(Node2Vec, closed),
  Type.Object(Poincare, closed),
  Type.Object({ method: Type.Literal('walks'), p, q, walks, length, seed }, closed),
  Type.Object({ method: Type.Literal('tune'), ...Tuning }, closed),
  Type.Object({ method: SuggestionKind, ...Suggesting }, closed),
  Type.Object({ method: Type.Literal('persistence') }, closed),
  Type.Object({ method: Type.Literal('layer'), radius: LayerRequest.properties.radius }, closed),
])
export const WorkEstimate = Type.Object({ bytes: Type.Number({ description: 'At the peak, the result included' }), operations: Type.Number({ description: 'Steps, by which two runs of one kind can be compared' }), seconds: Type.Number({ description: 'Within a factor of two or three' }), threads: Type.Integer({ description: 'Cores the seconds are for' }) })
export const ExportQuery = Type.Object({ format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('graphml')], { default: 'json' })) })

export const GraphParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128, description: 'Name of the graph' }) })
export const JobParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128, description: 'Id of the job' }) })
export const PageQuery = Type.Object({ after: Type.Optional(Type.String({ maxLength: 64 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })) })
