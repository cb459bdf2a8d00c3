import { randomBytes } from 'node:crypto'
import { CanopyError } from '../../../engine/error.js'
import type { GraphSpec, GraphStore, GraphSummary } from '../../../graphs/store.js'
import { Neo4jConnection, type Neo4jOptions } from '../connection.js'
import { checkName, shown } from './check.js'
import { readEntries, readEntry, summary } from './entry.js'
import { Neo4jGraph } from './graph.js'
import { SUGGESTION_TYPES } from './suggestions.js'
import { dropIndex } from './vectors.js'

const SCHEMA = [
  'CREATE CONSTRAINT canopy_graph IF NOT EXISTS FOR (g:CanopyGraph) REQUIRE g.name IS UNIQUE',
  'CREATE CONSTRAINT canopy_graph_key IF NOT EXISTS FOR (g:CanopyGraph) REQUIRE g.key IS UNIQUE',
  'CREATE CONSTRAINT canopy_node IF NOT EXISTS FOR (n:CanopyNode) REQUIRE (n.graph, n.id) IS UNIQUE',
  'CREATE CONSTRAINT canopy_hyperedge IF NOT EXISTS FOR (h:CanopyHyperedge) REQUIRE (h.graph, h.id) IS UNIQUE',
  'CREATE INDEX canopy_edge IF NOT EXISTS FOR ()-[r:CANOPY_EDGE]-() ON (r.graph, r.number)',
  ...SUGGESTION_TYPES.map((type) => `CREATE INDEX canopy_${type.toLowerCase()} IF NOT EXISTS FOR ()-[r:${type}]-() ON (r.graph)`),
]

/** Graphs in Neo4j: any number of servers may share them. Nodes are `:CanopyNode`, edges `:CANOPY_EDGE`, hyperedges `:CanopyHyperedge` with `:CANOPY_MEMBER`. */
export class Neo4jGraphs implements GraphStore {
  readonly #connection: Neo4jConnection

  private constructor(connection: Neo4jConnection) {
    this.#connection = connection
  }

  /** Connects and makes the constraints that are missing. Throws what {@link Neo4jConnection.open} throws. */
  static async open(location: string, options: Neo4jOptions = {}): Promise<Neo4jGraphs> {
    const connection = await Neo4jConnection.open(location, options)
    try {
      for (const statement of SCHEMA) await connection.schema(statement)
      await connection.rows('CALL db.awaitIndexes(300)', {}, { timeoutMs: 0 })
      const graphs = new Neo4jGraphs(connection)
      await graphs.#sweep()
      return graphs
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  /** The address without what is secret. */
  get where(): string {
    return this.#connection.where
  }

  async list(): Promise<GraphSummary[]> {
    return (await readEntries(this.#connection)).map(summary)
  }

  async create(name: string, { directed = false }: GraphSpec = {}): Promise<Neo4jGraph> {
    checkName(name)
    const key = `${name}#${randomBytes(4).toString('hex')}`
    try {
      await this.#connection.rows('CREATE (:CanopyGraph {name: $name, key: $key, directed: $directed, nodes: 0.0, edges: 0.0, hyperedges: 0.0, version: 0.0, next: 0.0})', { name, key, directed })
    } catch (error) {
      if (!(error instanceof CanopyError) || error.code !== 'NEO4J_CONSTRAINT') throw error
      throw new CanopyError('GRAPH_EXISTS', 'conflict', `there is a graph ${shown(name)} already: choose another name, or drop it first`)
    }
    return this.graph(name)
  }

  async graph(name: string): Promise<Neo4jGraph> {
    return new Neo4jGraph(await this.#connection.read((run) => readEntry(run, name)), this.#connection)
  }

  /** The graph is gone at once; what it held is deleted after that in pieces, by this process or the next one that opens the server. */
  async drop(name: string): Promise<void> {
    await this.#connection.write(async (run) => {
      await readEntry(run, name)
      await run('MATCH (g:CanopyGraph {name: $name}) REMOVE g:CanopyGraph SET g:CanopyDroppedGraph', { name })
    })
    await this.#sweep()
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #sweep(): Promise<void> {
    const dropped = await this.#connection.rows<{ key: string }>('MATCH (g:CanopyDroppedGraph) RETURN g.key AS key')
    for (const { key } of dropped) {
      for (const label of ['CanopyHyperedge', 'CanopyNode']) {
        await this.#connection.rows(`MATCH (n:${label}) WHERE n.graph = $key AND n.id > "" CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS`, { key }, { timeoutMs: 0 })
      }
      await dropIndex(this.#connection, key)
      await this.#connection.rows('MATCH (g:CanopyDroppedGraph {key: $key}) DELETE g', { key })
    }
  }
}
