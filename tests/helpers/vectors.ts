/** Vectors around forty centres, so that they have neighbours; the seed decides. */
export function cloud(n: number, dim: number, seed: number): Float32Array {
  let state = seed
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5
  const centres = Float32Array.from({ length: 40 * dim }, next)
  return Float32Array.from({ length: n * dim }, (_, i) => (centres[(Math.floor(i / dim) % 40) * dim + (i % dim)] ?? 0) + next() * 0.4)
}
