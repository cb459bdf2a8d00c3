import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { open } from 'canopy-engine'
import { withFolder } from '../paths.js'
import type { Data } from './data.js'
import type { Findings } from './findings.js'

const RECORDS = 10_000

/** Megabytes resident in a process of its own: opened, after a search with MiniLM, and when it has been idle. */
export interface Resident {
  node: number
  searched: number
  idle: number
}

/** What stays in memory of an open folder that nobody uses. */
export async function measureIdle({ documents, vectors, dim }: Data): Promise<Findings> {
  return withFolder(async (folder) => {
    const db = await open(folder)
    const collection = await db.create('docs', { model: 'minilm-l6-v2' })
    const some = documents.slice(0, RECORDS)
    await collection.add(some, { vectors: vectors.subarray(0, some.length * dim) })
    await db.close()
    const child = fileURLToPath(new URL('idle-child.js', import.meta.url))
    const resident = JSON.parse(execFileSync(process.execPath, [child, folder], { encoding: 'utf8' })) as Resident
    return {
      figures: { records: some.length, residentMB: resident },
      checks: [{ name: `resident when idle, ${some.length} records open`, value: resident.idle, unit: 'MB', direction: 'at most', must: 100 }],
    }
  })
}
