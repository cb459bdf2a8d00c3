import { CanopyError } from '../../../engine/error.js'
import type { GraphSummary } from '../../../graphs/store.js'
import type { Neo4jConnection, Run } from '../connection.js'
import { shown } from './check.js'

/** What the node of a graph holds. */
export interface Entry {
  name: string
  /** What nodes, edges and hyperedges carry: another graph of the same name, made later, has another. */
  key: string
  directed: boolean
  nodes: number
  edges: number
  hyperedges: number
  version: number
  /** The number of the next edge. */
  next: number
}

const FIELDS = 'g {.name, .key, .directed, .nodes, .edges, .hyperedges, .version, .next} AS g'

/** The graph of this name. Throws GRAPH_NOT_FOUND. */
export async function readEntry(run: Run, name: string): Promise<Entry> {
  return only(await run<{ g: Entry }>(`MATCH (g:CanopyGraph {name: $name}) RETURN ${FIELDS}`, { name }), name)
}

/** The same, locked until the transaction ends: writing to a node takes its lock, and only then is it read. */
export async function lockEntry(run: Run, name: string): Promise<Entry> {
  return only(await run<{ g: Entry }>(`MATCH (g:CanopyGraph {name: $name}) SET g.locked = true WITH g RETURN ${FIELDS}`, { name }), name)
}

/** Every graph. */
export async function readEntries(connection: Neo4jConnection): Promise<Entry[]> {
  const found = await connection.read((run) => run<{ g: Entry }>(`MATCH (g:CanopyGraph) RETURN ${FIELDS} ORDER BY g.name`))
  return found.map(({ g }) => g)
}

export const summary = ({ name, directed, nodes, edges, hyperedges, version }: Entry): GraphSummary => ({ name, directed, nodes, edges, hyperedges, version, collection: null })

function only(rows: ReadonlyArray<{ g: Entry }>, name: string): Entry {
  const [row] = rows
  if (row === undefined) throw new CanopyError('GRAPH_NOT_FOUND', 'not_found', `there is no graph ${shown(name)}: make it first, or look at the list of graphs`)
  return row.g
}
