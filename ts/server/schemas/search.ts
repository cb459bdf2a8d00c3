import { Type } from 'typebox'
import { Metadata, Vector } from './records.js'

const Mode = Type.Union([Type.Literal('hybrid'), Type.Literal('keyword'), Type.Literal('vector')])
const Weight = Type.Number({ minimum: 0 })
const Include = Type.Union([Type.Literal('text'), Type.Literal('metadata'), Type.Literal('vector'), Type.Literal('scores')])

const options = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 10 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, default: 0 })),
  filter: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Conditions on metadata, applied before the cut to `limit`', examples: [{ lang: 'en', year: { gte: 2020 } }] })),
  minScore: Type.Optional(Type.Number({ description: 'Hits that score lower are left out' })),
  highlight: Type.Optional(Type.Union([Type.Boolean(), Type.Object({ length: Type.Optional(Type.Integer({ minimum: 20, maximum: 2000 })), fragments: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })) }, { additionalProperties: false })])),
  include: Type.Optional(Type.Array(Include, { description: 'What each hit carries' })),
}

/** A search. */
export const SearchRequest = Type.Object(
  {
    text: Type.Optional(Type.String({ description: 'Any text is valid: no character is an operator' })),
    vector: Type.Optional(Vector),
    mode: Type.Optional(Mode),
    fusion: Type.Optional(Type.Union([Type.Literal('adaptive'), Type.Literal('rrf')])),
    weights: Type.Optional(Type.Object({ keyword: Type.Optional(Weight), vector: Type.Optional(Weight) }, { additionalProperties: false })),
    rrfK: Type.Optional(Type.Number({ minimum: 0, maximum: 1e6, default: 60 })),
    wait: Type.Optional(Type.Boolean({ default: true, description: 'false: answer 503 MODEL_LOADING with Retry-After while the model loads' })),
    ...options,
  },
  { $id: 'SearchRequest', additionalProperties: false },
)

const Hit = Type.Object({
  id: Type.String(),
  score: Type.Number(),
  scores: Type.Optional(Type.Object({ keyword: Type.Optional(Type.Number()), vector: Type.Optional(Type.Number()) })),
  text: Type.Optional(Type.String()),
  metadata: Type.Optional(Metadata),
  vector: Type.Optional(Type.Array(Type.Number())),
  highlights: Type.Optional(
    Type.Array(
      Type.Object({
        text: Type.String(),
        html: Type.String({ description: 'Escaped, matches in <mark>' }),
        spans: Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 }), { description: 'Matches in UTF-16 code units of `text`' }),
      }),
    ),
  ),
})

export const SearchAnswer = Type.Object(
  {
    hits: Type.Array(Hit),
    mode: Mode,
    notes: Type.Array(Type.String(), { description: 'Why the answer may be less than was asked for' }),
    next: Type.Union([Type.Integer(), Type.Null()], { description: 'The offset of the next page' }),
    tookMs: Type.Number(),
  },
  { $id: 'SearchAnswer' },
)
