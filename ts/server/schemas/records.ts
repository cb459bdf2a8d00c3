import { Type } from 'typebox'

export const Metadata = Type.Record(Type.String(), Type.Unknown(), { description: 'Free fields; filters reach nested ones with dots' })
export const Vector = Type.Array(Type.Number(), { minItems: 1, maxItems: 65536, description: 'An embedding of your own; without it the model of the collection makes one' })

/** A record in a request. */
export const RecordInput = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Made up when absent' })),
    text: Type.Optional(Type.String({ description: 'May be absent only beside a vector' })),
    metadata: Type.Optional(Metadata),
    vector: Type.Optional(Vector),
  },
  { $id: 'RecordInput', additionalProperties: false },
)

/** A record at an address that names it. */
export const RecordBody = Type.Object({ text: Type.Optional(Type.String()), metadata: Type.Optional(Metadata), vector: Type.Optional(Vector) }, { $id: 'RecordBody', additionalProperties: false })

/** A stored record. */
export const StoredRecord = Type.Object(
  {
    id: Type.String(),
    text: Type.String(),
    metadata: Metadata,
    vector: Type.Optional(Type.Array(Type.Number())),
    createdMs: Type.Integer(),
    updatedMs: Type.Integer(),
  },
  { $id: 'StoredRecord' },
)

export const PutOutcome = Type.Object(
  { id: Type.String(), outcome: Type.Union([Type.Literal('inserted'), Type.Literal('replaced'), Type.Literal('deleted'), Type.Literal('not_found')]), embedded: Type.Boolean({ description: 'Whether the record can be found by its vector' }) },
  { $id: 'PutOutcome' },
)

export const RecordPage = Type.Object(
  { records: Type.Array(Type.Ref('StoredRecord')), next: Type.Union([Type.String(), Type.Null()], { description: 'Pass it as `after` for the next page' }) },
  { $id: 'RecordPage' },
)

export const ImportReport = Type.Object(
  {
    read: Type.Integer(),
    inserted: Type.Integer(),
    replaced: Type.Integer(),
    skipped: Type.Integer(),
    errors: Type.Array(Type.String(), { description: 'The first of the lines that were skipped, and why' }),
    resumed: Type.Boolean(),
    seconds: Type.Number(),
  },
  { $id: 'ImportReport' },
)
