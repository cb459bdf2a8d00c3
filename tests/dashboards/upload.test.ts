import test from 'ava'
import { uploadDashboards, type UploadOptions } from '../../ts/dashboards/upload.js'
import type { DashboardJson } from '../../ts/dashboards/grafana.js'
import { grafana, TOKEN, type Contract } from '../helpers/grafana.js'
import { fails } from '../helpers/throws.js'

const board = (title: string, panels: string[] = ['one']): DashboardJson => ({ uid: title.toLowerCase(), title, panels: panels.map((name) => ({ title: name })) })
const options = ({ url }: Contract, more: Partial<UploadOptions> = {}): UploadOptions => ({ url, token: TOKEN, version: '1.2.3', waitMs: 5, ...more })
const posts = ({ seen }: Contract): string[] => seen.filter((line) => line.startsWith('POST /api/dashboards'))

test('dashboards are made in a folder of their own, found again, and changed only where they differ', async (t) => {
  const server = await grafana(t)
  const made = await uploadDashboards([board('First'), board('Second')], options(server))
  t.deepEqual(made.map(({ uid, title, action, version }) => [uid, title, action, version]), [['first', 'First v1.2.3', 'create', 1], ['second', 'Second v1.2.3', 'create', 1]])
  t.deepEqual([...server.folders], [['canopy', 'Canopy']])
  t.regex(server.dashboards.get('first')?.messages[0] ?? '', /^canopy 1\.2\.3, \d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const again = await uploadDashboards([board('First'), board('Second', ['one', 'two'])], options(server))
  t.deepEqual(again.map(({ action, version }) => [action, version]), [['none', undefined], ['update', 2]])
  t.is(posts(server).length, 3)
  t.is(server.dashboards.get('second')?.dashboard.id, 2, 'the same dashboard')
  const newer = await uploadDashboards([board('First')], options(server, { version: '1.3.0' }))
  t.deepEqual(newer[0]?.changes, ['~ title: "First v1.2.3" → "First v1.3.0"'])
  const moved = await uploadDashboards([board('First')], options(server, { version: '1.3.0', folder: 'Other things' }))
  t.deepEqual(moved[0]?.changes, ['~ folder: "canopy" → "other-things"'])
  t.is(server.dashboards.get('first')?.folderUid, 'other-things')
})

test('a dry run says what would change, and changes nothing', async (t) => {
  const server = await grafana(t)
  const first = await uploadDashboards([board('First')], options(server, { dryRun: true }))
  t.is(first[0]?.action, 'create')
  t.deepEqual([posts(server).length, server.folders.size], [0, 0])
  await uploadDashboards([board('First')], options(server))
  const [plan] = await uploadDashboards([{ ...board('First', ['renamed', 'new']), tags: ['x'] }], options(server, { dryRun: true }))
  t.deepEqual(plan, { uid: 'first', title: 'First v1.2.3', action: 'update', changes: ['~ panels[0].title: "one" → "renamed"', '+ panels[1]: {"title":"new"}', '+ tags: ["x"]'] })
  t.is(posts(server).length, 1)
})

test('what somebody else changed meanwhile stays, unless it is to be replaced', async (t) => {
  const server = await grafana(t)
  await uploadDashboards([board('First')], options(server))
  const theirs = server.dashboards.get('first')
  server.meanwhile = () => {
    if (theirs !== undefined) Object.assign(theirs.dashboard, { version: 7, panels: [{ title: 'theirs' }] })
  }
  const error = await fails(t, 'GRAFANA_CONFLICT', () => uploadDashboards([board('First', ['ours'])], options(server)))
  t.regex(error?.message ?? '', /--dry-run.*--overwrite/)
  t.like(server.dashboards.get('first')?.dashboard, { version: 7, panels: [{ title: 'theirs' }] })
  const [forced] = await uploadDashboards([board('First', ['ours'])], options(server, { overwrite: true }))
  t.is(forced?.version, 8)
  server.meanwhile = undefined
  server.dashboards.set('stranger', { dashboard: { uid: 'stranger', title: 'Third v1.2.3', version: 1 }, folderUid: 'canopy', messages: [] })
  const namesake = await fails(t, 'GRAFANA_CONFLICT', () => uploadDashboards([board('Third')], options(server)))
  t.regex(namesake?.message ?? '', /another dashboard called "Third v1\.2\.3"/)
})

test('what may go well another time is tried again; an answer that was lost is found out by looking', async (t) => {
  const server = await grafana(t)
  server.faults.push({ status: 503 }, { status: 429 }, { status: 502 })
  t.is((await uploadDashboards([board('First')], options(server)))[0]?.version, 1)
  // Stored, and the connection was cut before the answer: the next try finds a newer version, whose content is ours.
  server.faults.push({}, {}, { lost: true })
  const [lost] = await uploadDashboards([board('First', ['ours'])], options(server))
  t.deepEqual([lost?.action, lost?.version], ['update', 2])
  t.is(server.dashboards.get('first')?.messages.length, 2, 'stored once')
  server.faults.push({ status: 429, headers: { 'retry-after': '1' } })
  const began = performance.now()
  await uploadDashboards([board('First', ['ours'])], options(server))
  t.true(performance.now() - began >= 990, 'it waits as long as it is told to')
  server.faults.push(...Array.from({ length: 3 }, () => ({ status: 500 })))
  const error = await fails(t, 'GRAFANA_UNREACHABLE', () => uploadDashboards([board('First')], options(server, { retries: 2 })))
  t.is(error?.kind, 'unavailable')
})

test('tokens, addresses and folders that cannot be are refused with a code', async (t) => {
  const server = await grafana(t)
  const uploading = (more: Partial<UploadOptions>) => () => uploadDashboards([board('First')], options(server, more))
  await fails(t, 'GRAFANA_REFUSED', uploading({ token: 'wrong' }))
  for (const token of ['', 'two\nlines', ' ']) await fails(t, 'GRAFANA_TOKEN', uploading({ token }))
  for (const url of ['', 'grafana.example', 'ftp://grafana.example', 'http://user:pass@grafana.example']) await fails(t, 'GRAFANA_URL', uploading({ url }))
  await fails(t, 'GRAFANA_FOLDER', uploading({ folder: '…' }))
  await fails(t, 'GRAFANA_UNREACHABLE', uploading({ url: 'http://127.0.0.1:1', retries: 1 }))
  await fails(t, 'GRAFANA_ANSWER', () => uploadDashboards([{ uid: 'no spaces', title: 'x' }], options(server)))
  t.is(posts(server).filter((line) => line.endsWith('200')).length, 0)
  t.false(server.seen.some((line) => line.includes(TOKEN)))
})
