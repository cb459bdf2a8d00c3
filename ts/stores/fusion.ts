import type { SearchRequest } from '../engine/types.js'

/** A record with the scores of both legs. */
export interface Candidate {
  key: string
  /** 0 where no word matches. */
  keyword: number
  vector: number | null
  score: number
}

/** One leg's hits, best first. */
export type Ranking = ReadonlyArray<{ key: string; score: number }>

/** The first hits of each leg, from which alone a ranking's scales are taken: looking deeper reorders nothing. */
export const HEAD = 100
/** What the keyword leg counts beside an equally sure vector leg, and the rank a leg's best is held against; measured in the core. */
const KEYWORD_SHARE = 0.42
const RIVAL_RANK = 20
/** A cosine computed in single precision may leave [-1, 1] by this much. */
const COSINE_SLACK = 1e-5

/**
 * Two rankings into one, best first: the fusion of the core (crates/collection/src/search/fusion.rs), without its step of
 * feedback, over scores that a server gave. Legs count by how far their best hit stands out for this query, or by ranks.
 */
export function fuse(request: SearchRequest, keyword: Ranking, vector: Ranking, candidates: Candidate[]): Candidate[] {
  const head = { keyword: keyword.slice(0, HEAD), vector: vector.slice(0, HEAD) }
  if (request.fusion === 'rrf') byRanks(request, { keyword, vector }, head, candidates)
  else adaptive(request, head, candidates)
  if (keyword.length > HEAD || vector.length > HEAD) putTailBehind(head, candidates)
  return candidates.toSorted((a, b) => b.score - a.score || order(a.key, b.key))
}

interface Legs {
  keyword: Ranking
  vector: Ranking
}

/** Keys are numbers of up to 64 bits as text: the shorter one is the smaller. */
const order = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

function byRanks({ weights = {}, rrfK = 60 }: SearchRequest, legs: Legs, head: Legs, candidates: Candidate[]): void {
  const ranks = (leg: Ranking): Map<string, number> => new Map(leg.map(({ key }, i) => [key, i + 1]))
  const scorer = ({ keyword, vector }: Legs): ((key: string) => number) => {
    const [words, meaning] = [ranks(keyword), ranks(vector)]
    const share = (rank: number | undefined, weight: number): number => (rank === undefined ? 0 : weight / (rrfK + rank))
    return (key) => share(words.get(key), weights.keyword ?? 1) + share(meaning.get(key), weights.vector ?? 1)
  }
  const [first, all] = [scorer(head), scorer(legs)]
  for (const candidate of candidates) candidate.score = first(candidate.key) || all(candidate.key)
}

function adaptive({ weights = {} }: SearchRequest, legs: Legs, candidates: Candidate[]): void {
  const { keyword = 1, vector = 1 } = weights
  const words = { low: 0, width: legs.keyword[0]?.score ?? 0 }
  const meaning = meaningScale(candidates)
  const sureWords = keyword * KEYWORD_SHARE * gap(legs.keyword)
  const sureMeaning = vector * spread(legs.vector) ** 1.5
  const sum = sureWords + sureMeaning
  // Where neither leg is sure of anything, what the caller wants decides alone.
  const share = sum === 0 ? keyword / (keyword + vector) : sureWords / sum
  for (const candidate of candidates) {
    const byMeaning = candidate.vector === null ? 0 : normalise(meaning, candidate.vector)
    candidate.score = share * normalise(words, candidate.keyword) + (1 - share) * byMeaning
  }
}

/** The best hit and the rival it is held against: the 21st, or the last of fewer. */
function bestAndRival(leg: Ranking): [number, number] | undefined {
  const [best, rival] = [leg[0], leg[RIVAL_RANK] ?? leg.at(-1)]
  return best === undefined || rival === undefined ? undefined : [best.score, rival.score]
}

/** How far the best of the words stands above its rival, as a share of its score. */
function gap(leg: Ranking): number {
  const found = bestAndRival(leg)
  if (found === undefined) return 0
  return leg.length === 1 ? 1 : (found[0] - found[1]) / found[0]
}

/** How much of the way from its rival to a perfect match the nearest vector has gone. */
function spread(leg: Ranking): number {
  const found = bestAndRival(leg)
  if (found === undefined) return 0
  const [best, rival] = found
  const perfect = best <= 1 + COSINE_SLACK && rival >= -1 - COSINE_SLACK ? 1 : best
  const way = Math.abs(perfect - rival)
  return way > 1.2e-7 ? Math.min(Math.max((best - rival) / way, 0), 1) : 0
}

function meaningScale(candidates: Candidate[]): { low: number; width: number } {
  const scores = candidates.flatMap(({ vector }) => (vector === null ? [] : [vector])).toSorted((a, b) => b - a).slice(0, HEAD)
  const [best, low] = [scores[0] ?? 0, scores.at(-1) ?? 0]
  return { low, width: best - low }
}

/** In 0..=1. Where all are equal, each is a full match and anything less is none. */
function normalise({ low, width }: { low: number; width: number }, score: number): number {
  if (width > 0) return Math.min(Math.max((score - low) / width, 0), 1)
  return low !== 0 && score >= low ? 1 : 0
}

/** Scales what neither leg has among its first hits below what one has. */
function putTailBehind({ keyword, vector }: Legs, candidates: Candidate[]): void {
  const first = new Set([...keyword, ...vector].map(({ key }) => key))
  const lowest = Math.min(...candidates.filter(({ key }) => first.has(key)).map(({ score }) => score))
  for (const candidate of candidates) if (!first.has(candidate.key)) candidate.score = (lowest * candidate.score) / (1 + candidate.score)
}
