import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { createMetrics } from '../../ts/observe/metrics.js'
import { DEPLOYED } from '../helpers/prometheus.js'

const page = await readFile('docs/observability.md', 'utf8')

test('the page lists every metric as it is declared, and no other', (t) => {
  const metrics = createMetrics(async () => ({ records: new Map(), indexes: new Map(), modelsLoaded: 0, residentBytes: 0 }))
  const rows = metrics.list().map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`)
  t.deepEqual(page.match(/^\| `[a-z_]+` \| (counter|gauge|histogram) .*$/gm), rows)
})

test('the page lists every alert with the time that it waits', async (t) => {
  const rules = parse(await readFile(path.join(DEPLOYED, 'canopy.rules.yml'), 'utf8')) as { groups: Array<{ rules: Array<{ alert: string; for?: string }> }> }
  const rows = rules.groups.flatMap(({ rules: all }) => all).map(({ alert, for: wait }) => [alert, wait === undefined ? '–' : wait.replace('m', ' min')])
  t.deepEqual([...page.matchAll(/^\| (Canopy\w+) \| .* \| (\S+(?: min)?) \|$/gm)].map(([, alert, wait]) => [alert, wait]), rows)
})
