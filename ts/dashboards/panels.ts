// The only file that names Grafana's foundation SDK: boards are plain descriptions, and this makes Grafana's JSON of them.
import { LegendDisplayMode, LegendPlacement, ScaleDistribution, ScaleDistributionConfigBuilder, TooltipDisplayMode, VizLegendOptionsBuilder, VizTooltipOptionsBuilder, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode } from '@grafana/grafana-foundation-sdk/common'
import { DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, ThresholdsConfigBuilder, ThresholdsMode, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { DashboardJson } from './grafana.js'

/** A line, or one for each series. */
export interface Line {
  expr: string
  /** Grafana's template over labels: `{{instance}}`. */
  legend: string
}

/** A picture of numbers over time. */
export interface Panel {
  title: string
  /** What to make of it. */
  description: string
  /** In Grafana's words: `s`, `percentunit`, `bytes`, `reqps`. */
  unit: string
  lines: Line[]
  max?: number
  /** A logarithmic axis: what a factor does looks the same anywhere. */
  log?: boolean
  /** A dashed line: the goal, or what an alert waits for. */
  mark?: number
}

/** A dashboard, by rows. */
export interface Board {
  /** Stands in addresses, and never changes. */
  uid: string
  title: string
  description: string
  rows: Array<{ title: string; panels: Panel[] }>
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' }
/** Three panels a row of 24 columns. */
const SIZE = { w: 8, h: 8 }
/** There as soon as a server answers, so that its labels can be listed. */
const ALWAYS = 'canopy_resident_bytes'

/** A metric of the servers that are chosen; `more` matchers begin with a comma. */
export const of = (metric: string, more = ''): string => `${metric}{job=~"$job", instance=~"$instance"${more}}`

/** How much a counter grows a second, added up by server and what else is named. */
export const rate = (metric: string, by: readonly string[] = [], more = ''): string => `sum by (${['instance', ...by].join(', ')}) (rate(${of(metric, more)}[$__rate_interval]))`

/** A quantile of a histogram, by server. */
export const quantile = (q: number, histogram: string, more = ''): string => `histogram_quantile(${q}, ${rate(`${histogram}_bucket`, ['le'], more)})`

/** Grafana's JSON of a board. */
export function build({ uid, title, description, rows }: Board): DashboardJson {
  const board = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['canopy'])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .link(new DashboardLinkBuilder('Canopy').type(DashboardLinkType.Dashboards).tags(['canopy']).asDropdown(true).includeVars(true).keepTime(true))
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(chosen('job', `label_values(${ALWAYS}, job)`))
    .withVariable(chosen('instance', `label_values(${ALWAYS}{job=~"$job"}, instance)`))
  let id = 0
  for (const row of rows) {
    board.withRow(new RowBuilder(row.title).id((id += 1)))
    for (const panel of row.panels) board.withPanel(timeseries(panel).id((id += 1)))
  }
  return JSON.parse(JSON.stringify(board.build())) as DashboardJson
}

function chosen(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name).label(name).datasource(SOURCE).query({ query, refId: name }).definition(query).refresh(VariableRefresh.OnTimeRangeChanged).multi(true).includeAll(true).allValue('.*')
}

function timeseries({ title, description, unit, lines, max, log = false, mark }: Panel): PanelBuilder {
  const panel = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit(unit)
    .span(SIZE.w)
    .height(SIZE.h)
    .lineWidth(1)
    .fillOpacity(10)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true).calcs([]))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
  if (log) panel.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10))
  if (max !== undefined) panel.min(0).max(max)
  if (mark !== undefined) {
    panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: 'green' }, { value: mark, color: 'orange' }]))
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  }
  lines.forEach(({ expr, legend }, i) => panel.withTarget(new DataqueryBuilder().datasource(SOURCE).refId(String.fromCodePoint(65 + i)).expr(expr).legendFormat(legend).range()))
  return panel
}
