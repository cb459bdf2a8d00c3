/** As drawn, by the first coordinate, along a curve through cells. */
export type Order = 'random' | 'natural' | 'curve'

/** Points in another order. */
export function ordered(points: Float32Array, dim: number, order: Order): Float32Array {
  if (order === 'random') return points
  const key = order === 'natural' ? (row: number) => points[row * dim] ?? 0 : (row: number) => cell(points.subarray(row * dim, (row + 1) * dim))
  const keys = Float64Array.from({ length: points.length / dim }, (_, row) => key(row))
  const rows = Array.from(keys.keys()).toSorted((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
  return Float32Array.from(rows.flatMap((row) => Array.from(points.subarray(row * dim, (row + 1) * dim))))
}

/** The bits of the coordinates' cells in turn (Morton), 8 bits each of the first six. */
function cell(point: Float32Array): number {
  let key = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    for (const value of point.subarray(0, 6)) key = key * 2 + (Math.min(Math.max(Math.floor((value + 4) * 32), 0), 255) >> bit & 1)
  }
  return key
}
