import test, { type ExecutionContext } from 'ava'
import type { GraphStore } from '../../ts/graphs/store.js'
import { Neo4jGraphs } from '../../ts/stores/neo4j/graphs/store.js'
import { alone } from './neo4j.js'
import { at } from './services.js'
import { database } from './temp.js'

/** Opens an empty store of graphs that is closed after the test. */
export type GraphOpener = (t: ExecutionContext) => Promise<GraphStore>

const onNeo4j = alone()

/** One test for every place that graphs can be in: the answers must be the same. */
export function conformGraphs(title: string, work: (t: ExecutionContext, store: GraphOpener) => Promise<void>): void {
  test(`embedded: ${title}`, (t) => work(t, async () => (await database(t)).graphs()))
  onNeo4j(`neo4j: ${title}`, (t) => work(t, neo4jGraphs))
}

/** Graphs in Neo4j, at the server of the tests or another address. */
export async function neo4jGraphs(t: ExecutionContext, url = at('neo4j')): Promise<Neo4jGraphs> {
  const graphs = await Neo4jGraphs.open(url, { connectTimeoutMs: 2_000 })
  t.teardown(() => graphs.close())
  return graphs
}
