const single = new Float32Array(1)
const bits = new Uint32Array(single.buffer)

/** IEEE 754 half precision, rounded to nearest, ties to even; what is too large stays finite, since pgvector takes no infinity. */
export function half(value: number): number {
  single[0] = value
  const all = bits[0] ?? 0
  const sign = (all >>> 16) & 0x8000
  const magnitude = all & 0x7fff_ffff
  // 65,520 and more would round to infinity.
  if (magnitude >= 0x477f_f000) return sign | 0x7bff
  // Below the smallest normal half: units of 2^-24. Adding a half of single precision aligns and rounds them.
  if (magnitude < 0x3880_0000) {
    single[0] = Math.abs(value) + 0.5
    return sign | ((bits[0] ?? 0) - 0x3f00_0000)
  }
  return sign | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
}
