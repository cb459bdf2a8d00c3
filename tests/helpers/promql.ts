import { parser } from '@prometheus-io/lezer-promql'

/** The metrics that an expression names. Throws where it is no PromQL. */
export function metricsOf(expression: string): string[] {
  const names = new Set<string>()
  parser.parse(expression).iterate({
    enter(node) {
      const text = expression.slice(node.from, node.to)
      if (node.type.isError) throw new Error(`no PromQL at character ${node.from}: ${expression}`)
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') names.add(text)
    },
  })
  return [...names]
}
