import type { CallOptions } from '../engine/cancel.js'
import type { GraphPage, GraphPageOptions, StoredGraph } from './store.js'

/** What a graph is written as; `load` reads each of them. */
export type GraphExportFormat = 'json' | 'csv' | 'graphml'

/** Items read at once. */
const PAGE = 1000

/**
 * A graph as text, piece by piece. JSON is node-link with attributes and hyperedges, GraphML has nodes, edges and weights, CSV is an edge list of source,
 * target and weight: nodes without edges aren't in it.
 */
export async function* exportGraph(stored: StoredGraph, format: GraphExportFormat, { signal }: CallOptions = {}): AsyncGenerator<string> {
  const { directed } = await stored.info()
  const nodes = pages((options) => stored.nodes(options), signal)
  const edges = pages((options) => stored.edges(options), signal)
  if (format === 'csv') {
    for await (const items of edges) yield items.map(({ source, target, weight }) => `${field(source)},${field(target)},${weight}\n`).join('')
  } else if (format === 'graphml') {
    yield `<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n<key id="weight" for="edge" attr.name="weight" attr.type="double"/>\n<graph edgedefault="${directed ? '' : 'un'}directed">\n`
    for await (const items of nodes) yield items.map(({ id }) => `<node id="${escaped(id)}"/>\n`).join('')
    for await (const items of edges) yield items.map(({ source, target, weight }) => `<edge source="${escaped(source)}" target="${escaped(target)}"><data key="weight">${weight}</data></edge>\n`).join('')
    yield '</graph>\n</graphml>\n'
  } else {
    yield `{"directed":${directed},"nodes":[`
    yield* joined(nodes)
    yield '],"edges":['
    yield* joined(edges)
    yield '],"hyperedges":['
    let first = true
    for await (const items of pages((options) => stored.hyperedges(options), signal)) {
      for (const { members } of items) {
        yield `${first ? '' : ','}${JSON.stringify(members)}`
        first = false
      }
    }
    yield ']}\n'
  }
}

async function* pages<T>(read: (options: GraphPageOptions) => Promise<GraphPage<T>>, signal: AbortSignal | undefined): AsyncGenerator<T[]> {
  let after: string | undefined
  do {
    const { items, next } = await read({ limit: PAGE, after, signal })
    yield items
    after = next ?? undefined
  } while (after !== undefined)
}

async function* joined(lists: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  let first = true
  for await (const items of lists) {
    if (items.length === 0) continue
    yield `${first ? '' : ','}${items.map((item) => JSON.stringify(item)).join(',')}`
    first = false
  }
}

/** A field that a reader of CSV takes for one. */
function field(id: string): string {
  return /[",\r\n#]|^\s|\s$/.test(id) ? `"${id.replaceAll('"', '""')}"` : id
}

function escaped(id: string): string {
  // XML turns line ends and tabs in attributes to spaces unless they are named by number.
  return id.replaceAll(/[&<>"\t\r\n]/g, (letter) => `&#${letter.codePointAt(0)};`)
}
