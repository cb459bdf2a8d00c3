import type { CallOptions } from './cancel.js'
import { CanopyError } from './error.js'
import { PoincareBall, type FrechetMean } from './poincare.js'

/** Maps of the ball, and what is measured there. */
export const BALL_MAPS = ['exp0', 'log0', 'exp', 'log', 'add', 'recentre', 'distances', 'mean'] as const

/** One call on rows of numbers, as a command or a route receives it. */
export interface BallRequest {
  map: (typeof BALL_MAPS)[number]
  /** One row of coordinates a point, or a tangent. */
  rows: readonly (readonly number[])[]
  /** For `exp`, `log`, `add` and `distances`: one for all rows, or one a row. For `recentre`: the centre; default the mean. */
  bases?: readonly (readonly number[])[] | undefined
  /** For `mean`. */
  weights?: readonly number[] | undefined
  /** Below 0; default −1. */
  kappa?: number | undefined
  /** How far points are kept from the rim. */
  margin?: number | undefined
  /** How results are rounded: double precision by default. */
  precision?: 'f64' | 'f32' | undefined
}

/** What came of it: rows, a distance a row, or a mean. */
export type BallAnswer = { rows: number[][] } | { distances: number[] } | { mean: Omit<FrechetMean, 'point'> & { point: number[] } }

/** Does what a request asks. Throws `POINTS_DIMENSION` for rows of different lengths, `BALL_OPTION` where bases are missing, and what `PoincareBall` throws. */
export async function ballRequest({ map, rows, bases, weights, kappa, margin, precision = 'f64' }: BallRequest, { signal }: CallOptions = {}): Promise<BallAnswer> {
  const dim = rows[0]?.length ?? bases?.[0]?.length ?? 1
  const ball = new PoincareBall({ dim, kappa, margin })
  const flat = (what: string, of: readonly (readonly number[])[]): Float64Array | Float32Array => {
    const odd = of.findIndex((row) => row.length !== dim)
    if (odd >= 0) throw new CanopyError('POINTS_DIMENSION', 'invalid_input', `row ${odd} of ${what} has ${of[odd]?.length} numbers, the first has ${dim}: send as many in each`)
    const values = precision === 'f32' ? new Float32Array(of.length * dim) : new Float64Array(of.length * dim)
    for (const [i, row] of of.entries()) values.set(row, i * dim)
    return values
  }
  const [points, at] = [flat('rows', rows), bases === undefined ? undefined : flat('bases', bases)]
  const needed = (): Float64Array | Float32Array => {
    if (at !== undefined) return at
    throw new CanopyError('BALL_OPTION', 'invalid_input', `${map} needs bases: send one row for all, or one for each`)
  }
  const answer = (values: Float64Array | Float32Array): BallAnswer => ({ rows: rows.map((_, i) => [...values.subarray(i * dim, (i + 1) * dim)]) })
  switch (map) {
    case 'exp0':
    case 'log0':
      return answer(await ball[map](points, { signal }))
    case 'exp':
    case 'log':
    case 'add':
      return answer(await ball[map](needed(), points, { signal }))
    case 'recentre':
      return answer(await ball.recentre(points, { centre: at, signal }))
    case 'distances':
      return { distances: [...(await ball.distances(points, at, { signal }))] }
    case 'mean': {
      const { point, ...rest } = await ball.mean(points, { weights: weights === undefined ? undefined : Float64Array.from(weights), signal })
      return { mean: { ...rest, point: [...point] } }
    }
    default:
      throw new CanopyError('BALL_OPTION', 'invalid_input', `there is no map ${String(map)}: choose one of ${BALL_MAPS.join(', ')}`)
  }
}
