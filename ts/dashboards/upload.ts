import { CanopyError } from '../engine/error.js'
import { differences } from './diff.js'
import { Grafana, type DashboardJson, type GrafanaOptions, type Stored } from './grafana.js'

/** How dashboards are uploaded. */
export interface UploadOptions extends GrafanaOptions {
  /** The folder's title; it is made where there is none. Default Canopy. */
  folder?: string | undefined
  /** What stands in the title and in the history: the version of canopy. */
  version: string
  /** Say what would change, and change nothing. */
  dryRun?: boolean | undefined
  /** Replace what somebody else changed meanwhile. */
  overwrite?: boolean | undefined
}

/** What became of one dashboard. */
export interface Upload {
  uid: string
  title: string
  /** In a dry run: what would be done. */
  action: 'create' | 'update' | 'none'
  /** What differs from what Grafana has, a line each. */
  changes: string[]
  /** The version that Grafana gave it, where it was stored. */
  version?: number
  url?: string
}

/**
 * Stores dashboards in Grafana, by their uids: links to them stay. What is there already is left alone.
 *
 * Titles carry the version (`Cache-Backpressure v1.2.0`), and the history says which version was stored when. Throws GRAFANA_URL, GRAFANA_TOKEN, GRAFANA_REFUSED,
 * GRAFANA_UNREACHABLE, GRAFANA_CONFLICT, GRAFANA_ANSWER.
 */
export async function uploadDashboards(dashboards: readonly DashboardJson[], { folder = 'Canopy', version, dryRun = false, overwrite = false, ...options }: UploadOptions): Promise<Upload[]> {
  const grafana = new Grafana(options)
  const folderUid = uidOf(folder)
  if (!dryRun && !(await grafana.hasFolder(folderUid))) await grafana.createFolder(folderUid, folder)
  const message = `canopy ${version}, ${new Date().toISOString()}`
  const uploads: Upload[] = []
  for (const built of dashboards) {
    const dashboard = { ...built, title: `${built.title} v${version}` }
    const stored = await grafana.dashboard(dashboard.uid)
    const plan = planned(dashboard, stored, folderUid)
    uploads.push(dryRun || plan.action === 'none' ? plan : { ...plan, ...(await store(grafana, dashboard, stored, { folderUid, message, overwrite })) })
  }
  return uploads
}

/** What would be done. */
function planned(dashboard: DashboardJson, stored: Stored | undefined, folderUid: string): Upload {
  const { uid, title } = dashboard
  const moved = stored === undefined || stored.meta.folderUid === folderUid ? [] : [`~ folder: ${JSON.stringify(stored.meta.folderUid ?? '')} → ${JSON.stringify(folderUid)}`]
  const changes = [...differences(stored && content(stored.dashboard), content(dashboard)), ...moved]
  return { uid, title, action: stored === undefined ? 'create' : changes.length === 0 ? 'none' : 'update', changes }
}

/** Stores one. An answer that was lost on the way is found out by looking: then the version is newer and the content ours. */
async function store(grafana: Grafana, dashboard: DashboardJson, stored: Stored | undefined, options: { folderUid: string; message: string; overwrite: boolean }): Promise<Pick<Upload, 'version' | 'url'>> {
  try {
    const { version, url } = await grafana.save({ ...dashboard, id: stored?.dashboard.id ?? null, version: stored?.dashboard.version ?? 0 }, options)
    return { version, url }
  } catch (error) {
    if (!(error instanceof CanopyError) || error.code !== 'GRAFANA_CONFLICT') throw error
    const now = await grafana.dashboard(dashboard.uid)
    if (now === undefined || planned(dashboard, now, options.folderUid).action !== 'none') throw error
    return { version: now.dashboard.version, ...(now.meta.url === undefined ? {} : { url: now.meta.url }) }
  }
}

/** A dashboard without what Grafana counts. */
function content({ id: _id, version: _version, ...dashboard }: DashboardJson): DashboardJson {
  return JSON.parse(JSON.stringify(dashboard)) as DashboardJson
}

/** A folder's uid by its title, so that it is found again: Grafana takes 40 letters, digits, hyphens and underscores. */
function uidOf(title: string): string {
  const uid = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 40)
  if (uid === '') throw new CanopyError('GRAFANA_FOLDER', 'invalid_input', `the folder's title must have a letter or a digit, not ${JSON.stringify(title)}`)
  return uid
}
