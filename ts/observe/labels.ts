/** Stands for all values of a label beyond those that keep their names. No collection can be called so. */
export const OTHERS = '(others)'

/**
 * Lets the first `most` values of a label pass, and counts all that come later under one name: every value of a label is a series of its own, which a
 * Prometheus keeps for weeks, and who names tenants or collections is not who runs it.
 */
export function bounded(most: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.size < most) known.add(value)
    return known.has(value) ? value : OTHERS
  }
}

/** At most `most` entries keep their names: the largest. The rest are added up under one name, or left out where a sum says nothing. */
export function largest(entries: ReadonlyMap<string, number>, most: number, rest: 'add' | 'drop' = 'add'): Map<string, number> {
  if (entries.size <= most) return new Map(entries)
  const sorted = [...entries].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  const kept = new Map(sorted.slice(0, most))
  if (rest === 'add') kept.set(OTHERS, sorted.slice(most).reduce((sum, [, value]) => sum + value, 0))
  return kept
}
