import { Type } from 'typebox'
import type { Filter as FilterInput, Hit, Metadata, SearchAnswer } from '../engine/types.js'
import { explainIn, graphsOf } from '../graphs/explain.js'
import { tool, type Tool } from './tool.js'

/** Characters of a text that a list of hits carries; `get` has all of it. An assistant's context is small. */
const CLIP = 1500

const Collection = Type.String({ minLength: 1, description: 'Name of the collection; `collections` lists them' })
const Limit = Type.Integer({ minimum: 1, maximum: 50, default: 8, description: 'Hits' })
const AnyObject = Type.Record(Type.String(), Type.Unknown())
const Filter = Type.Unsafe<FilterInput>({ ...AnyObject, description: 'Conditions on metadata: {"lang":"en","year":{"gte":2020},"or":[…]}' })
const Id = Type.String({ minLength: 1, description: 'Id of the record' })
const closed = { additionalProperties: false }
const reads = { readOnlyHint: true, openWorldHint: false }

const collections = tool(
  { name: 'collections', description: 'List the collections of records with their sizes and embedding models.', annotations: { title: 'List collections', ...reads } },
  Type.Object({}, closed),
  async (db) => ({ collections: await db.collections() }),
)

const search = tool(
  {
    name: 'search',
    description: 'Find records by words and by meaning. Any text is a valid query: ask in plain language. Answers the best records first, long texts cut.',
    annotations: { title: 'Search', ...reads },
  },
  Type.Object(
    {
      collection: Collection,
      query: Type.String({ minLength: 1, description: 'What to look for' }),
      limit: Type.Optional(Limit),
      mode: Type.Optional(Type.Union([Type.Literal('hybrid'), Type.Literal('keyword'), Type.Literal('vector')], { description: 'Default: hybrid' })),
      filter: Type.Optional(Filter),
    },
    closed,
  ),
  async (db, { collection, query, ...options }, signal) =>
    answer(await (await db.collection(collection)).search({ text: query, ...options }, { signal })),
)

const similar = tool(
  { name: 'similar', description: 'Find records that are like a given one.', annotations: { title: 'Similar records', ...reads } },
  Type.Object({ collection: Collection, id: Id, limit: Type.Optional(Limit), filter: Type.Optional(Filter) }, closed),
  async (db, { collection, id, ...options }, signal) => answer(await (await db.collection(collection)).similar(id, options, { signal })),
)

const get = tool(
  { name: 'get', description: 'Read one record whole: its text and metadata.', annotations: { title: 'Read a record', ...reads } },
  Type.Object({ collection: Collection, id: Id }, closed),
  async (db, { collection, id }) => {
    const record = await (await db.collection(collection)).get(id)
    return record === undefined ? { found: false, id } : { found: true, record }
  },
)

const graphs = tool(
  { name: 'graphs', description: 'List the graphs with their sizes, and the collection that each follows, if any.', annotations: { title: 'List graphs', ...reads } },
  Type.Object({}, closed),
  async (db) => ({ graphs: await graphsOf(db).list() }),
)

const explain = tool(
  {
    name: 'explain',
    description: 'Say what a node of a graph is joined to and how much each of its links counts: its neighbourhood with attention, whose shares sum to 1 for each node. In the graph of a collection the nodes are its records.',
    annotations: { title: 'Explain a node', ...reads },
  },
  Type.Object(
    {
      node: Type.String({ minLength: 1, maxLength: 1024, description: 'Id of the node' }),
      graph: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Name of the graph; needed where there is more than one' })),
      hops: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 2 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Most nodes' })),
    },
    closed,
  ),
  async (db, { node, ...options }, signal) => {
    // A tool that says it only reads leaves a graph as it is; and a drawing in Base64 tells a model nothing.
    const { nodes, edges, attn, fidelity } = await explainIn(db, node, { ...options, follow: false, signal })
    return { nodes, edges, attn, fidelity }
  },
)

const store = tool(
  {
    name: 'store',
    description: 'Keep records for later searches; a record whose id exists is replaced. The collection is made when there is none of this name.',
    annotations: { title: 'Store records', readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  },
  Type.Object(
    {
      collection: Collection,
      records: Type.Array(
        Type.Object(
          {
            id: Type.Optional(Type.String({ minLength: 1, description: 'Default: made from the content, so that the same text is kept once' })),
            text: Type.String({ minLength: 1 }),
            metadata: Type.Optional(Type.Unsafe<Metadata>({ ...AnyObject, description: 'Any JSON that filters may ask for' })),
          },
          closed,
        ),
        { minItems: 1, maxItems: 500 },
      ),
    },
    closed,
  ),
  async (db, { collection, records }, signal) => ({ stored: await (await db.ensure(collection)).upsert(records, { signal }) }),
)

/** All tools; those that write are left out where nothing may be written. */
export function tools(readOnly: boolean): readonly Tool[] {
  return [collections, graphs, search, similar, get, explain, store].filter(({ annotations }) => !readOnly || annotations.readOnlyHint === true)
}

function answer({ hits, mode, notes }: SearchAnswer): Record<string, unknown> {
  return { hits: hits.map(clipped), mode, notes }
}

function clipped({ text, ...hit }: Hit): Record<string, unknown> {
  if (text === undefined || text.length <= CLIP) return { ...hit, text }
  return { ...hit, text: `${text.slice(0, CLIP).toWellFormed()}…`, characters: text.length }
}
