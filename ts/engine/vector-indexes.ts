import type { BindingFolderLock } from '#native'
import { existsSync, mkdirSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { binding } from './binding.js'
import { CanopyError, unwrap } from './error.js'
import type { VectorId } from './ids.js'
import { VectorIndex, type VectorIndexInfo, type VectorIndexOptions } from './vector-index.js'

/** An index of a folder. */
export type NamedIndex = VectorIndex<VectorId>

/** What an index will hold. */
export type VectorIndexSpec = Pick<VectorIndexOptions<VectorId>, 'dim' | 'metric' | 'idKind' | 'degree' | 'ef' | 'alpha' | 'walkDim' | 'storage' | 'seed'>

const END = '.index'
/** Characters of a name as a file has it: file systems take 255 bytes. */
const MOST = 240

/**
 * Vector indexes by name, a file each in one folder. They are opened when they are asked for, and stay open.
 *
 * Changes are in memory until `save` or `close`; whoever changes an index says so by `changed`. Whoever makes or opens one has the folder for itself until `close`, unless it
 * only reads: a second one gets `STORE_LOCKED`, in this process or another.
 */
export class VectorIndexes {
  readonly #dir: string
  readonly #readOnly: boolean
  readonly #open = new Map<string, Promise<NamedIndex>>()
  readonly #changed = new Set<string>()
  #lock: BindingFolderLock | undefined

  /** The folder is made with the first index. */
  constructor(dir: string, { readOnly = false }: { readOnly?: boolean | undefined } = {}) {
    this.#dir = dir
    this.#readOnly = readOnly
  }

  /** Names, in order. */
  async names(): Promise<string[]> {
    const files = await readdir(this.#dir).catch(() => [] as string[])
    return files.filter((file) => file.endsWith(END)).map((file) => decodeURIComponent(file.slice(0, -END.length))).toSorted()
  }

  /** Makes an empty index. Throws `INDEX_EXISTS`, `INDEX_NAME`, `VECTOR_DIMENSION`, `INDEX_OPTION`, `STORE_READ_ONLY`, `STORE_LOCKED`, `INDEX_DISK_FULL`. */
  async create(name: string, { idKind = 'string', ...spec }: VectorIndexSpec): Promise<NamedIndex> {
    this.#mayWrite()
    const file = this.#file(name)
    if (this.#open.has(name) || existsSync(file)) throw new CanopyError('INDEX_EXISTS', 'conflict', `there is an index "${name}": choose another name, or delete that one`)
    const made = (async () => {
      const index = await VectorIndex.build<VectorId>(new Float32Array(0), { ...spec, idKind })
      await index.save(file)
      return index
    })()
    return this.#kept(name, made)
  }

  /** The index of this name. Throws `INDEX_NOT_FOUND`, `INDEX_NAME`, `STORE_LOCKED`, and what opening a damaged file throws. */
  async get(name: string): Promise<NamedIndex> {
    const open = this.#open.get(name)
    if (open !== undefined) return open
    const file = this.#file(name)
    if (!existsSync(file)) throw new CanopyError('INDEX_NOT_FOUND', 'not_found', `there is no index "${name}": create it first`)
    // What another writer saves later must not be overwritten by what was read before.
    if (!this.#readOnly) this.#mayWrite()
    return this.#kept(name, VectorIndex.open<VectorId>(file))
  }

  /** What an index is. */
  async info(name: string): Promise<VectorIndexInfo & { name: string; idKind: string; saved: boolean }> {
    const index = await this.get(name)
    return { name, idKind: index.idKind, saved: !this.#changed.has(name), ...(await index.info()) }
  }

  /** Notes that an index was or is being changed; throws `STORE_READ_ONLY` or `STORE_LOCKED` where that mustn't be. */
  changed(name: string): void {
    this.#mayWrite()
    this.#changed.add(name)
  }

  /** Writes an index to the disk if it was changed. Throws `INDEX_DISK_FULL`, `INDEX_PERMISSION`: the old file stays valid. */
  async save(name: string): Promise<void> {
    const index = await this.get(name)
    if (!this.#changed.delete(name)) return
    try {
      await index.save(this.#file(name))
    } catch (error) {
      this.#changed.add(name)
      throw error
    }
  }

  /** Deletes an index with its file. Throws `INDEX_NOT_FOUND`. */
  async drop(name: string): Promise<void> {
    this.#mayWrite()
    await this.get(name).catch((error: unknown) => {
      // A file that can't be opened can be deleted.
      if (error instanceof CanopyError && error.kind !== 'corrupt') throw error
    })
    this.#open.delete(name)
    this.#changed.delete(name)
    await rm(this.#file(name), { force: true })
  }

  /** Saves what was changed. */
  async close(): Promise<void> {
    for (const name of this.#changed) await this.save(name)
    this.#open.clear()
    this.#lock?.release()
    this.#lock = undefined
  }

  async #kept(name: string, index: Promise<NamedIndex>): Promise<NamedIndex> {
    this.#open.set(name, index)
    try {
      return await index
    } catch (error) {
      this.#open.delete(name)
      throw error
    }
  }

  #file(name: string): string {
    const file = name.isWellFormed() ? encodeURIComponent(name).replaceAll('*', '%2A') : ''
    if (file === '' || file.length > MOST) throw new CanopyError('INDEX_NAME', 'invalid_input', `"${name.slice(0, 60)}" can't be the name of an index: send 1 to 80 characters of text`)
    return path.join(this.#dir, `${file}${END}`)
  }

  #mayWrite(): void {
    if (this.#lock !== undefined) return
    if (this.#readOnly) throw new CanopyError('STORE_READ_ONLY', 'read_only', 'this folder was opened to be read only: open it without readOnly to change indexes')
    mkdirSync(this.#dir, { recursive: true })
    this.#lock = unwrap(binding().BindingFolderLock.take(this.#dir))
  }
}
