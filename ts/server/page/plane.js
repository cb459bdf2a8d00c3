// Principal directions of a handful of vectors.

const STEPS = 60

/** The coordinates of each vector along the two directions in which they differ most. */
export function plane(vectors) {
  const dim = vectors[0].length
  const mean = Array.from({ length: dim }, (_, c) => vectors.reduce((sum, vector) => sum + vector[c], 0) / vectors.length)
  const rows = vectors.map((vector) => vector.map((value, c) => value - mean[c]))
  const first = direction(rows, [])
  const second = direction(rows, [first])
  return rows.map((row) => [dot(row, first), dot(row, second)])
}

/** By power iteration, at right angles to the directions that are known. The start is fixed, so the same vectors give the same drawing. */
function direction(rows, known) {
  let along = unit(clean(rows[0].map((_, c) => Math.cos(1 + c)), known))
  for (let step = 0; step < STEPS; step += 1) {
    const next = along.map(() => 0)
    for (const row of rows) {
      const share = dot(row, along)
      for (let c = 0; c < next.length; c += 1) next[c] += share * row[c]
    }
    along = unit(clean(next, known))
  }
  return along
}

function clean(vector, known) {
  return known.reduce((rest, other) => {
    const share = dot(rest, other)
    return rest.map((value, c) => value - share * other[c])
  }, vector)
}

function unit(vector) {
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}

function dot(a, b) {
  let sum = 0
  for (let c = 0; c < a.length; c += 1) sum += a[c] * b[c]
  return sum
}
