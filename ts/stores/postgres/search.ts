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
  /** Only where there is a text. */
  sizes?: Sizes | undefined
}

/** What BM25 must know of a collection. */
export interface Sizes {
  count: number
  /** Different words a record, on average over a sample. */
  length: number
}

const SAMPLE = 5_000

/** Counts a collection's records, and the words of a sample. */
export async function readSizes(connections: Connections, row: Row, signal?: AbortSignal): Promise<Sizes> {
  const [found] = await connections.rows<{ count: number; length: number | null }>(
    `select (select count(*)::int from records r where r.collection = ${row.id}) as count,
      (select avg(length(keywords))::float8 from (select keywords from records r where r.collection = ${row.id} order by r.key limit ${SAMPLE}) sample) as length`,
    signal,
  )
  return { count: found?.count ?? 0, length: Math.max(found?.length ?? 1, 1) }
}

/** Pages past the first hundred take this many candidates a leg, so that they all see the same ones. */
const DEEP = 10_000

/** The words of a text, any of which may match, as a tsquery. Operators in it mean nothing. */
const ANY_WORD = (text: string): string =>
  `(select coalesce(string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | '), '')::tsquery from unnest(to_tsvector('english', ${text})))`
/** True of whatever holds a word; the index leaves out records without a text, and is used only where that is said. */
const SOME_TEXT = "r.text <> ''"
/** One word as a tsquery. */
const ONE_WORD = `('''' || replace(replace(t.lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery`
/** ts_rank divided by 1 + the logarithm of the length: a first, rough order of what matches. */
const RANKING = 1
/** So many of the first are scored by BM25 (Robertson & Zaragoza 2009, section 3.4), with the constants of the core. */
const SCORED = 2_000
const [K1, B] = [1.2, 0.75]
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
  const text = withVectors ? byMeaning(row, plan, values, wanted) : `with ${byWords(row, plan, values, wanted)} select key, score from w order by score desc, key`
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
  const meaning = byMeaning(row, plan, values, depth)
  const vector = values.add(plan.vector)
  const found = await connections.rows<{ key: string; keyword: number; distance: number | null; word: boolean; near: boolean }>(
    prepared(
      `with m as materialized (${meaning}), ${byWords(row, plan, values, depth, 'm')}
       select u.key, w.key is not null as word, m.key is not null as near, coalesce(b.score, 0) as keyword, coalesce(m.score, ${distance(row, vector)}) as distance
       from (select key from w union select key from m) u left join b on b.key = u.key left join w on w.key = u.key left join m on m.key = u.key
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

/**
 * The keyword leg as common table expressions, of which `w` holds its hits: what matches is put into a rough order, the first of it is
 * scored by BM25 (`b`; so is what `also` found, where a word of it matches), and the best of the first are the hits. How many records hold
 * a word is counted in the index; a record's length is that of its vector of words.
 */
function byWords(row: Row, plan: Plan, values: Values, limit: number, also?: 'm'): string {
  const text = values.add(query(plan))
  const [count, length] = [values.add(plan.sizes?.count ?? 1), values.add(plan.sizes?.length ?? 1)]
  return `q as materialized (select ${ANY_WORD(text)} as words),
    idf as materialized (select t.lexeme, ln(1 + (greatest(${count}::float8 - d.n, 0) + 0.5) / (d.n + 0.5)) as idf from unnest(to_tsvector('english', ${text})) t,
      lateral (select count(*) as n from records r where r.collection = ${row.id} and r.keywords @@ ${ONE_WORD} and ${SOME_TEXT}) d),
    rough as materialized (select r.key, ts_rank(r.keywords, q.words, ${RANKING}) as rank from records r, q
      where r.collection = ${row.id} and r.keywords @@ q.words and ${SOME_TEXT}${narrowed(plan, values, 'r')} order by rank desc, r.key limit ${Math.max(SCORED, limit)}),
    b as materialized (select r.key, sum(i.idf * f.n * ${K1 + 1} / (f.n + ${K1} * (${1 - B} + ${B} * length(r.keywords) / ${length}::float8))) as score
      from (select key from rough${also === undefined ? '' : ` union select key from ${also}`}) k join records r on r.key = k.key,
        lateral unnest(r.keywords) l join idf i on i.lexeme = l.lexeme, lateral (select cardinality(l.positions)::float8 as n) f group by r.key),
    w as materialized (select b.key, b.score from b join rough on rough.key = b.key order by b.score desc, b.key limit ${limit})`
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
