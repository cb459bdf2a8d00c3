import { mkdir, open as openFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { open } from '../../ts/index.js'

/** The database file of a folder. */
export const file = (dir: string): string => path.join(dir, 'canopy.db')

/** A small database in a folder, closed. */
export async function filled(dir: string): Promise<void> {
  const db = await open(dir)
  const notes = await db.create('notes', { model: null, dim: 2 })
  await notes.add(Array.from({ length: 500 }, (_, i) => ({ id: `id-${i}`, text: `the record number ${i} `.repeat(20), vector: [i, 1] })))
  await db.close()
}

/** Overwrites the middle of the database with bytes that mean nothing. */
export async function corrupt(dir: string): Promise<void> {
  await filled(dir)
  const handle = await openFile(file(dir), 'r+')
  const { size } = await handle.stat()
  await handle.write(Buffer.alloc(size - 100, 0xa5), 0, size - 100, 100)
  await handle.close()
}

/** Sets the schema version of the database file, which SQLite keeps big-endian at byte 60 of its header. */
export async function newer(dir: string): Promise<void> {
  await filled(dir)
  const handle = await openFile(file(dir), 'r+')
  const version = Buffer.alloc(4)
  version.writeUInt32BE(9_999)
  await handle.write(version, 0, 4, 60)
  await handle.close()
}

/** A file of another kind where the database should be. */
export async function foreign(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await writeFile(file(dir), 'This is a letter, not a database.\n'.repeat(200))
}
