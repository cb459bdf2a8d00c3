import type { Metadata, Filter, Hit, SearchRequest } from '../../engine/types.js'
import { HEAD, fuse, type Candidate } from '../fusion.js'
import { highlightSizes, highlights } from '../highlight.js'
import type { Connections, Statement } from './connection.js'
import { condition, storable } from './filter.js'
import { current, distance, hasVectors, scoreOf, tableOf, type Row, type WithVectors } from './vectors.js'

/** A search with everything decided: which legs run, with what. */
export interface Plan {
  request: SearchRequest
  text: string | null
  /** As pgvector writes vectors: `[1,2,3]`. */
  vector: string | null
  /** A record that is not to be found. */
  except?: string | undefined
}

/** Pages past the first hundred take this many candidates a leg, so that they all see the same ones. */
const DEEP = 10_000

/** The words of a text, any of which may match, as a tsquery. Operators in it mean nothing. */
const ANY_WORD = (text: string): string =>
  `(select coalesce(string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | '), '')::tsquery from unnest(to_tsvector('english', ${text})))`
/** ts_rank divided by 1 + the logarithm of the length. */
const RANKING = 1
const MOST_QUERY_CHARACTERS = 100_000

/** Values of one statement, and their places. */
class Values {
  readonly list: unknown[] = []
  add = (value: unknown): string => `$${this.list.push(value)}`
}

/** The page's candidates, best first, one more than asked for where there are more. */
export async function rank(connections: Connections, row: Row, plan: Plan, signal?: AbortSignal): Promise<Candidate[]> {
  const { limit = 10, offset = 0 } = plan.request
  const wanted = offset + limit + 1
  const withVectors = hasVectors(row) && plan.vector !== null
  if (withVectors && plan.text !== null) return both(connections, row, plan, wanted <= HEAD ? HEAD : Math.max(wanted, DEEP), signal)
  const values = new Values()
  const text = withVectors ? byMeaning(row, plan, values, wanted) : byWords(row, plan, values, wanted)
  const found = await connections.rows<{ key: string; score: number }>(prepared(text, values, plan), signal)
  const candidates = found.map(({ key, score }) => {
    const similarity = withVectors ? scoreOf(row.metric, score) : null
    return { key, keyword: withVectors ? 0 : score, vector: similarity, score: similarity ?? score }
  })
  // An ivfflat index that is read on for a filter gives later lists behind earlier ones.
  return candidates.toSorted(best)
}

/** One statement for both legs: each finds its own, and is asked for its score of what only the other found. */
async function both(connections: Connections, row: WithVectors, plan: Plan, depth: number, signal?: AbortSignal): Promise<Candidate[]> {
  const values = new Values()
  const words = byWords(row, plan, values, depth)
  const meaning = byMeaning(row, plan, values, depth)
  const [text, vector] = [values.add(query(plan)), values.add(plan.vector)]
  const found = await connections.rows<{ key: string; keyword: number; distance: number | null; word: boolean; near: boolean }>(
    prepared(
      `with w as materialized (${words}), m as materialized (${meaning}), q as materialized (select ${ANY_WORD(text)} as words)
       select u.key, w.key is not null as word, m.key is not null as near, coalesce(w.score, ts_rank(r.keywords, q.words, ${RANKING})) as keyword, coalesce(m.score, ${distance(row, vector)}) as distance
       from (select key from w union select key from m) u cross join q join records r on r.key = u.key left join w on w.key = u.key left join m on m.key = u.key
       left join ${tableOf(row)} v on v.key = u.key and v.generation = ${row.generation}`,
      values,
      plan,
    ),
    signal,
  )
  const candidates = found.map(({ key, keyword, distance: far, word, near }) => ({ key, keyword, vector: far === null ? null : scoreOf(row.metric, far), score: 0, word, near }))
  const matched = candidates.filter(({ word }) => word).map(({ key, keyword }) => ({ key, score: keyword })).toSorted(best)
  const near = candidates.filter(({ near }) => near).map(({ key, vector: score }) => ({ key, score: score ?? 0 })).toSorted(best)
  return fuse(plan.request, matched, near, candidates)
}

const best = (a: { score: number }, b: { score: number }): number => b.score - a.score

function byWords(row: Row, plan: Plan, values: Values, limit: number): string {
  const words = ANY_WORD(values.add(query(plan)))
  return `select r.key, ts_rank(r.keywords, q.words, ${RANKING}) as score from records r, (select ${words} as words) q
    where r.collection = ${row.id} and r.keywords @@ q.words${narrowed(plan, values, 'r')} order by score desc, r.key limit ${limit}`
}

function byMeaning(row: WithVectors, plan: Plan, values: Values, limit: number): string {
  const far = distance(row, values.add(plan.vector))
  const filter = narrowed(plan, values, 'v')
  return `select v.key, ${far} as score from ${tableOf(row)} v where ${current(row)}${filter} order by ${far} limit ${limit}`
}

/** The filter, and the record that isn't to be found, as conditions behind an `and`. */
function narrowed({ request, except }: Plan, values: Values, alias: 'r' | 'v'): string {
  const other = except === undefined ? '' : ` and ${alias}.key <> ${values.add(except)}`
  if (request.filter === undefined) return other
  const holds = condition(request.filter as Filter, values.add)
  return `${other} and ${alias === 'r' ? holds : `exists (select 1 from records r where r.key = v.key and ${holds})`}`
}

const query = ({ text }: Plan): string => storable((text ?? '').slice(0, MOST_QUERY_CHARACTERS))

/** Prepared where it will come again: filters make too many different statements for that. */
function prepared(text: string, { list }: Values, { request }: Plan): Statement {
  return { text, values: list, ...(request.filter === undefined ? { name: `search ${hash(text)}` } : {}) }
}

/** A short name; PostgreSQL cuts names at 63 bytes. */
function hash(text: string): string {
  let value = 0n
  for (let i = 0; i < text.length; i += 1) value = (value * 1_099_511_628_211n + BigInt(text.charCodeAt(i))) & 0xffff_ffff_ffff_ffffn
  return value.toString(36)
}

interface Found {
  key: string
  id: string
  text: string
  /** The text where its column can't hold it. */
  raw: string | null
  metadata: Metadata
  vector: string | null
  marked: string | null
}

/** The hits of one page, read by their keys. */
export async function page(connections: Connections, row: Row, plan: Plan, candidates: readonly Candidate[], signal?: AbortSignal): Promise<Hit[]> {
  if (candidates.length === 0) return []
  const { request } = plan
  const wanted = new Set(request.include ?? ['text', 'metadata', 'scores'])
  const sizes = highlightSizes(request)
  const marks = sizes !== undefined && request.text !== undefined
  const values = new Values()
  const keys = values.add(candidates.map(({ key }) => key))
  const marked = marks
    ? `ts_headline('english', translate(r.text, E'\\x02\\x03', ''), ${ANY_WORD(values.add(query({ ...plan, text: request.text ?? null })))}, E'HighlightAll=true, StartSel=\\x02, StopSel=\\x03')`
    : 'null'
  const withVector = hasVectors(row) && wanted.has('vector')
  const rows = await connections.rows<Found>(
    {
      text: `select r.key, r.id, r.text, r.raw_text as raw, r.metadata, ${withVector ? 'v.embedding::text' : 'null'} as vector, ${marked} as marked
        from records r ${withVector ? `left join ${tableOf(row)} v on v.key = r.key and v.generation = ${row.generation}` : ''} where r.key = any(${keys}::bigint[])`,
      values: values.list,
    },
    signal,
  )
  const byKey = new Map(rows.map((found) => [found.key, found]))
  return candidates.flatMap((candidate) => {
    const found = byKey.get(candidate.key)
    // A record can be deleted between the ranking and here; it is not a hit any more.
    if (found === undefined) return []
    const scores = { ...(plan.text === null ? {} : { keyword: candidate.keyword }), ...(candidate.vector === null ? {} : { vector: candidate.vector }) }
    const hit: Hit = {
      id: found.id,
      score: candidate.score,
      ...(wanted.has('scores') ? { scores } : {}),
      ...(wanted.has('text') ? { text: found.raw ?? found.text } : {}),
      ...(wanted.has('metadata') ? { metadata: found.metadata } : {}),
      ...(found.vector === null ? {} : { vector: JSON.parse(found.vector) as number[] }),
      ...(marks && sizes !== undefined && found.marked !== null ? { highlights: highlights(found.marked, sizes) } : {}),
    }
    return [hit]
  })
}
