import type { OvershootRow } from 'canopy-engine'

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [860, 360, 64, 34, 44]
const COLORS = { exp_log: '#23693f', naive: '#a3261b' } as const

/** |Δr| by curvature, storage and method: a box from the lower to the upper quartile, a line at the median, on a logarithmic axis. */
export function boxes(rows: readonly OvershootRow[]): string {
  const groups = new Map<string, { label: string; method: OvershootRow['method']; values: number[] }>()
  for (const { kappa, dtype, method, deltaR } of rows) {
    const key = `${kappa} ${dtype} ${method}`
    const group = groups.get(key) ?? { label: `κ ${kappa} ${dtype}`, method, values: [] }
    group.values.push(Math.max(Math.abs(deltaR), 1e-17))
    groups.set(key, group)
  }
  const y = (value: number): number => TOP + ((0 - Math.log10(value)) / 17) * (HEIGHT - TOP - BOTTOM)
  const step = (WIDTH - LEFT) / groups.size
  const parts = [`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>`, `<text x="${LEFT}" y="18" font-size="13">|Δr| after recentring: translation by the Fréchet mean (green), naive scaling (red)</text>`]
  for (let power = 0; power >= -16; power -= 4) parts.push(`<line x1="${LEFT}" x2="${WIDTH}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(10 ** power) + 4}" text-anchor="end">1e${power}</text>`)
  for (const [place, { label, method, values }] of [...groups.values()].entries()) {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share: number): number => y(sorted[Math.floor(share * (sorted.length - 1))] ?? 1)
    const x = LEFT + step * place + step * 0.2
    parts.push(`<rect x="${x}" y="${at(0.75)}" width="${step * 0.6}" height="${Math.max(at(0.25) - at(0.75), 1)}" fill="${COLORS[method]}" fill-opacity="0.45" stroke="${COLORS[method]}"/><line x1="${x}" x2="${x + step * 0.6}" y1="${at(0.5)}" y2="${at(0.5)}" stroke="${COLORS[method]}" stroke-width="2"/>`)
    if (method === 'exp_log') parts.push(`<text x="${x}" y="${HEIGHT - 18}" text-anchor="middle">${label}</text>`)
  }
  return `${parts.join('\n')}\n</svg>\n`
}
