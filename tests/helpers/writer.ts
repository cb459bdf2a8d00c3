// A server process of a test: writes records to a shared database, and says which were acknowledged, a line of ids each.
import { open } from '../../ts/index.js'

const [, , url = '', prefix = ''] = process.argv
const db = await open(url as `postgres://${string}`)
const notes = await db.ensure('notes', { dim: 2 })
for (let i = 0; ; i += 1) {
  const ids = Array.from({ length: 10 }, (_, j) => `${prefix}-${i}-${j}`)
  // Every second batch is of records that the other writer writes too.
  const shared = i % 2 === 0 ? ids : ids.map((_, j) => `shared-${i}-${j}`)
  await notes.upsert(shared.map((id) => ({ id, text: `record ${id}`, vector: [i, 1] })))
  process.stdout.write(`${shared.join(' ')}\n`)
}
