import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { eventually } from '../helpers/eventually.js'
import { DEPLOYED, promtool, scraping } from '../helpers/prometheus.js'
import { metricsOf } from '../helpers/promql.js'
import { serve } from '../helpers/server.js'
import { using } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

interface Rules {
  groups: Array<{ rules: Array<{ alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }> }>
}
interface Replays {
  tests: Array<{ alert_rule_test: Array<{ alertname: string; exp_alerts: Array<{ exp_labels: Record<string, string> }> }> }>
}

const onPrometheus = using('prometheus')
const yaml = async <T>(name: string): Promise<T> => parse(await readFile(path.join(DEPLOYED, name), 'utf8')) as T
const alerts = async () => (await yaml<Rules>('canopy.rules.yml')).groups.flatMap(({ rules }) => rules)

test('every alert has an expression that parses, a severity and two sentences, and keeps the labels of the server', async (t) => {
  const all = await alerts()
  t.is(new Set(all.map(({ alert }) => alert)).size, all.length)
  for (const { alert, expr, labels, annotations } of all) {
    t.true(metricsOf(expr).length > 0, alert)
    t.true(['critical', 'warning', 'info'].includes(labels.severity), alert)
    t.true((annotations['summary'] ?? '').includes('{{ $labels.instance }}') && (annotations['description'] ?? '').length > 20, alert)
    // Whatever is added up is added up for one server.
    for (const [, by = ''] of expr.matchAll(/\b(?:sum|max|min|avg|count|on)\b(?: by)? ?(?:\(([^)]*)\))?/g)) t.regex(by, /^job, instance/, alert)
  }
})

test('every alert has a replay in which it fires for the server that has the trouble, and a moment in which it does not', async (t) => {
  const cases = (await yaml<Replays>('canopy.tests.yml')).tests.flatMap(({ alert_rule_test }) => alert_rule_test)
  for (const { alert } of await alerts()) {
    const own = cases.filter(({ alertname }) => alertname === alert)
    const fired = own.flatMap(({ exp_alerts }) => exp_alerts)
    t.true(fired.length > 0 && fired.every(({ exp_labels }) => exp_labels['job'] !== undefined && exp_labels['instance'] !== undefined), `${alert} fires`)
    t.true(own.some(({ exp_alerts }) => exp_alerts.length === 0), `${alert} is silent`)
  }
})

onPrometheus('promtool: rules and configuration are valid, the replays go as they say, and would not with other rules', async (t) => {
  for (const args of [['check', 'rules', path.join(DEPLOYED, 'canopy.rules.yml')], ['check', 'config', path.join(DEPLOYED, 'prometheus.yml')], ['test', 'rules', path.join(DEPLOYED, 'canopy.tests.yml')]]) {
    const { status, said } = promtool(...args)
    t.is(status, 0, said)
  }
  const dir = await folder(t)
  const rules = await readFile(path.join(DEPLOYED, 'canopy.rules.yml'), 'utf8')
  await writeFile(path.join(dir, 'canopy.tests.yml'), await readFile(path.join(DEPLOYED, 'canopy.tests.yml')))
  for (const [from, to] of [['> 0.05', '> 0.5'], ['breaker_state) > 0', 'breaker_state) > 1'], ['by (job, instance, code)', 'by (code)']] as const) {
    t.true(rules.includes(from), from)
    await writeFile(path.join(dir, 'canopy.rules.yml'), rules.replace(from, to))
    t.is(promtool('test', 'rules', path.join(dir, 'canopy.tests.yml')).status, 1, `${to} would go unseen`)
  }
})

onPrometheus('a real Prometheus scrapes servers in both formats, evaluates every rule, and raises an alert', async (t) => {
  const plain = await serve(t)
  const exemplary = await serve(t, { 'metrics.exemplars': true })
  await plain.call('POST', '/v1/collections', { name: 'notes', model: null })
  await plain.call('POST', '/v1/collections/notes/ingest', [{ id: 'a', text: 'one' }, { id: 'b', text: '' }])
  await eventually(async () => (await plain.call('GET', '/v1/ingest')).json['dead'] === 1)
  const request = (await exemplary.call('GET', '/v1/collections')).headers.get('x-request-id')
  const hosts = [plain, exemplary].map(({ url }) => new URL(url).host)
  const ask = await scraping(t, hosts)
  const query = async (expression: string) => (await ask<{ result: Array<{ metric: Record<string, string>; value: [number, string] }> }>(`query?query=${encodeURIComponent(expression)}`)).result
  await eventually(async () => (await query('up == 1')).length === 2)
  t.deepEqual((await query('up{job="canopy"}')).map(({ metric }) => metric['instance']).toSorted(), hosts.toSorted())
  t.like((await query('ingest_dead_letters == 1'))[0]?.metric, { job: 'canopy', instance: hosts[0] })
  t.is((await query('lmdb_evictions_total')).length, 4, 'counters have one name in both formats')
  type State = { groups: Array<{ rules: Array<{ name: string; health: string; lastError?: string; state: string }> }> }
  const rules = async () => (await ask<State>('rules')).groups.flatMap(({ rules: all }) => all)
  await eventually(async () => (await rules()).every(({ health }) => health !== 'unknown'))
  t.deepEqual((await rules()).filter(({ health }) => health !== 'ok'), [])
  await eventually(async () => (await rules()).find(({ name }) => name === 'CanopyDeadLetters')?.state === 'pending')
  const exemplars = await ask<Array<{ exemplars: Array<{ labels: Record<string, string> }> }>>(`query_exemplars?query=canopy_http_request_seconds_bucket&start=${Date.now() / 1000 - 60}&end=${Date.now() / 1000 + 60}`)
  t.true(exemplars.some(({ exemplars: all }) => all.some(({ labels }) => labels['request_id'] === request)), JSON.stringify(exemplars).slice(0, 500))
})
