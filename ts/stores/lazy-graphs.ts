import type { GraphSpec, GraphStore, GraphSummary, StoredGraph } from '../graphs/store.js'

/**
 * A store of graphs that is opened by its first use, and tried again by the next where that failed: what needs no graphs starts and works
 * without the server that holds them.
 */
export class LazyGraphs implements GraphStore {
  readonly #open: () => Promise<GraphStore>
  #opened: Promise<GraphStore> | undefined

  constructor(open: () => Promise<GraphStore>) {
    this.#open = open
  }

  async list(): Promise<GraphSummary[]> {
    return (await this.#store()).list()
  }

  async create(name: string, spec?: GraphSpec): Promise<StoredGraph> {
    return (await this.#store()).create(name, spec)
  }

  async graph(name: string): Promise<StoredGraph> {
    return (await this.#store()).graph(name)
  }

  async drop(name: string): Promise<void> {
    return (await this.#store()).drop(name)
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    // One that failed to open is closed.
    await opened?.then((store) => store.close(), () => {})
  }

  #store(): Promise<GraphStore> {
    if (this.#opened === undefined) {
      const opening = this.#open()
      this.#opened = opening
      opening.catch(() => {
        if (this.#opened === opening) this.#opened = undefined
      })
    }
    return this.#opened
  }
}
