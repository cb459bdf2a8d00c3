import type { DashboardJson } from '../../ts/dashboards/grafana.js'

/** A panel that isn't a row. */
export interface BuiltPanel {
  id: number
  title: string
  description: string
  type: string
  datasource: unknown
  gridPos: { x: number; y: number; w: number; h: number }
  targets: Array<{ expr: string; datasource: { uid: string } }>
}

export const panelsOf = (board: DashboardJson): BuiltPanel[] => (board['panels'] as unknown as BuiltPanel[]).filter(({ type }) => type !== 'row')

/** What panels ask Prometheus, with a window in the place of Grafana's variable. */
export const expressions = (boards: readonly DashboardJson[]): string[] => boards.flatMap(panelsOf).flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')))
