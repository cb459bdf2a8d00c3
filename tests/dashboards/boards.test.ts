import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parse, stringify } from 'yaml'
import { writeFile } from 'node:fs/promises'
import { buildDashboards } from '../../ts/dashboards/boards.js'
import { canopy } from '../helpers/cli.js'
import { grafana, TOKEN } from '../helpers/grafana.js'
import { DEPLOYED, promtool } from '../helpers/prometheus.js'
import { metricsOf } from '../helpers/promql.js'
import { using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'
import { expressions, panelsOf } from '../helpers/boards.js'

const built = buildDashboards()

test('uids and titles are what links and people know; every panel is a time series over the data source that is chosen', (t) => {
  t.deepEqual(built.map(({ uid, title }) => [uid, title]), [['cache-backpressure', 'Cache-Backpressure'], ['canopy-overview', 'Canopy overview']])
  for (const board of built) {
    const { list } = board['templating'] as { list: Array<{ name: string; type: string; query: unknown }> }
    t.deepEqual(list.map(({ name, type }) => [name, type]), [['datasource', 'datasource'], ['job', 'query'], ['instance', 'query']])
    t.is(list[0]?.query, 'prometheus')
    const panels = panelsOf(board)
    t.is(new Set((board['panels'] as Array<{ id: number }>).map(({ id }) => id)).size, (board['panels'] as unknown[]).length, 'ids')
    for (const { title, type, datasource, targets, gridPos, description } of panels) {
      t.is(type, 'timeseries', title)
      t.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' }, title)
      t.true(targets.length > 0 && targets.every((target) => target.datasource.uid === '${datasource}'), title)
      t.true(description.length > 5 && gridPos.x + gridPos.w <= 24, title)
    }
    // No two panels lie on one another.
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`))
    t.is(new Set(cells).size, cells.length, board.title)
  }
})

test('Cache-Backpressure shows what it is for', (t) => {
  const shown = new Set(expressions(built.filter(({ uid }) => uid === 'cache-backpressure')).flatMap(metricsOf))
  for (const metric of ['lmdb_evictions_total', 'ingest_queue_fill_ratio', 'breaker_state', 'redis_hit_ratio', 'cache_ttl_seconds', 'pid_integral']) t.true(shown.has(metric), metric)
})

test('every expression of a panel parses and asks only for the servers that are chosen', (t) => {
  const all = expressions(built)
  t.true(all.length > 30)
  for (const expression of all) {
    const metrics = metricsOf(expression)
    t.true(metrics.length > 0, expression)
    t.is(expression.split('{job=~"$job", instance=~"$instance"').length - 1, metrics.length === 1 ? expression.split(metrics[0] ?? '').length - 1 : metrics.length, expression)
  }
})

using('prometheus')('promtool: every expression of a panel is one that Prometheus evaluates', async (t) => {
  const rules = expressions(built).map((expr, i) => ({ record: `panel:${i}`, expr }))
  const file = path.join(await folder(t), 'panels.yml')
  await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }))
  const { status, said } = promtool('check', 'rules', file)
  t.is(status, 0, said)
  await writeFile(file, stringify({ groups: [{ name: 'panels', rules: [{ record: 'a', expr: 'sum by (a) (rate(b))' }] }] }))
  t.not(promtool('check', 'rules', file).status, 0, 'what is wrong would be seen')
})

test('the files in deploy/grafana are what the command builds', async (t) => {
  const cwd = await folder(t)
  const { code, stdout, stderr } = await canopy(['dashboards', 'build', '--out', 'out', '--json'], { cwd })
  t.is(code, 0, stderr)
  const { files } = JSON.parse(stdout) as { files: string[] }
  t.is(files.length, built.length)
  for (const file of files) {
    const kept = path.join(DEPLOYED, '..', 'grafana', path.basename(file))
    t.is(await readFile(path.join(cwd, file), 'utf8'), await readFile(kept, 'utf8'), `node dist/cli/main.js dashboards build --out deploy/grafana writes ${path.basename(file)} anew`)
  }
  t.deepEqual(JSON.parse((await canopy(['dashboards', 'build'], { cwd })).stdout), built)
})

test('the command uploads with the token of the environment, says what it did, and ends with a code where it is refused', async (t) => {
  const server = await grafana(t)
  const cwd = await folder(t)
  const env = { GRAFANA_URL: server.url, GRAFANA_TOKEN: TOKEN }
  const dry = await canopy(['dashboards', 'upload', '--dry-run'], { cwd, env })
  t.is(dry.code, 0, dry.stderr)
  t.regex(dry.stdout, /^Cache-Backpressure v\d+\.\d+\.\d+: would be made\n/)
  t.is(server.dashboards.size, 0)
  const first = await canopy(['dashboards', 'upload', '--folder', 'My team'], { cwd, env })
  t.regex(first.stdout, /^Cache-Backpressure v\S+: made \(version 1, \/d\/cache-backpressure\/cache-backpressure\)\nCanopy overview v\S+: made/)
  t.is(server.dashboards.get('cache-backpressure')?.folderUid, 'my-team')
  const again = JSON.parse((await canopy(['dashboards', 'upload', '--folder', 'My team', '--json'], { cwd, env })).stdout) as { uploads: Array<{ action: string }> }
  t.deepEqual(again.uploads.map(({ action }) => action), ['none', 'none'])
  const panels = server.dashboards.get('canopy-overview')?.dashboard['panels'] as Array<{ title: string }>
  Object.assign(panels[1] ?? {}, { title: 'Renamed by hand' })
  t.regex((await canopy(['dashboards', 'upload', '--dry-run', '--folder', 'My team'], { cwd, env })).stdout, /would be updated\n {2}~ panels\[1\]\.title: "Renamed by hand" → "Requests"\n/)
  const refused = await canopy(['dashboards', 'upload', '--url', server.url], { cwd, env: { GRAFANA_TOKEN: 'another' } })
  t.deepEqual([refused.code, refused.stdout], [1, ''])
  t.regex(refused.stderr, /\[GRAFANA_REFUSED\]/)
  t.regex((await canopy(['dashboards', 'upload', '--url', server.url], { cwd })).stderr, /set GRAFANA_TOKEN.*\[GRAFANA_TOKEN\]/)
  t.false(`${dry.stdout}${first.stdout}${refused.stderr}`.includes(TOKEN))
})

test('a rule and a panel agree on how a metric is called', async (t) => {
  const rules = parse(await readFile(path.join(DEPLOYED, 'canopy.rules.yml'), 'utf8')) as { groups: Array<{ rules: Array<{ expr: string }> }> }
  const histogram = (metric: string): string => metric.replace(/_(bucket|count|sum)$/, '')
  const alerted = rules.groups.flatMap(({ rules: all }) => all).flatMap(({ expr }) => metricsOf(expr)).map(histogram)
  const shown = new Set(expressions(built).flatMap(metricsOf).map(histogram))
  const unseen = alerted.filter((metric) => !shown.has(metric) && metric !== 'up' && metric !== 'process_start_time_seconds')
  t.deepEqual(unseen, [], 'what is alerted on can be looked at')
})
