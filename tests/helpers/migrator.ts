// A process of a test that migrates, so that it can be killed in the middle.
import { openMigrations } from '../../ts/index.js'

const [, , url = '', folder = ''] = process.argv
const migrations = await openMigrations(url, { folder, leaseMs: 1500 })
await migrations.up()
await migrations.close()
