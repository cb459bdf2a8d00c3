import { execFileSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { open } from '../../ts/index.js'
import { corrupt, file, filled, foreign, newer } from '../helpers/damage.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'
import { when } from '../helpers/when.js'

const root = process.getuid?.() === 0

test('a corrupt database', async (t) => {
  const dir = await folder(t)
  await corrupt(dir)
  await fails(t, 'STORE_CORRUPT', async () => {
    const db = await open(dir)
    await (await db.collection('notes')).get('id-3')
  })
})

test('a database of a newer version', async (t) => {
  const dir = await folder(t)
  await newer(dir)
  await fails(t, 'STORE_NEWER', () => open(dir))
})

test('a file that is no database of ours', async (t) => {
  const dir = await folder(t)
  await foreign(dir)
  await fails(t, 'STORE_FOREIGN', () => open(dir))
})

test('a folder that another process writes to', async (t) => {
  const dir = await folder(t)
  const db = await open(dir)
  t.teardown(() => db.close())
  await fails(t, 'STORE_LOCKED', () => open(dir))
})

test('writing through a read-only view', async (t) => {
  const dir = await folder(t)
  await filled(dir)
  const db = await open(dir, { readOnly: true })
  t.teardown(() => db.close())
  await fails(t, 'STORE_READ_ONLY', async () => (await db.collection('notes')).remove('id-1'))
})

when(!root)('no permission to write', async (t) => {
  const dir = await folder(t)
  await chmod(dir, 0o500)
  t.teardown(() => chmod(dir, 0o700))
  await fails(t, 'STORE_PERMISSION', () => open(path.join(dir, 'inner')))
})

when(root && process.platform === 'linux')('no permission to write, as another user', async (t) => {
  // Nobody is refused by file modes as root; this opens the folder as the user "nobody".
  const dir = await folder(t)
  await filled(dir)
  await chmod(dir, 0o755)
  await chmod(file(dir), 0o444)
  const script = `
    process.setgid(65534); process.setuid(65534)
    const { open } = await import(${JSON.stringify(new URL('../../ts/index.js', import.meta.url).href)})
    await open(${JSON.stringify(dir)}).then(() => console.log('OPENED'), (error) => console.log(error.code))`
  t.is(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim(), 'STORE_PERMISSION')
})
