import { setImmediate as turn } from 'node:timers/promises'
import { CanopyError } from '../../../engine/error.js'
import type { Metadata } from '../../../engine/types.js'
import type { GraphBatch, GraphId } from '../../../graphs/store.js'

const MAX_ID_BYTES = 1024
const MAX_NAME_CHARACTERS = 128
const KNOWN = { batch: ['nodes', 'edges', 'hyperedges', 'remove'], remove: ['nodes', 'edges', 'hyperedges'], node: ['id', 'attributes'], edge: ['source', 'target', 'weight', 'attributes'], end: ['source', 'target'], hyperedge: ['id', 'members', 'attributes'] }

/** A batch that passed every check of the core, each thing once: the last of several of one id counts. */
export interface CheckedBatch {
  nodes: Array<{ id: string; attributes: string }>
  edges: Array<{ source: string; target: string; weight: number; attributes: string }>
  hyperedges: Array<{ id: string; members: string[]; attributes: string }>
  remove: { nodes: string[]; edges: Array<{ source: string; target: string }>; hyperedges: string[] }
}

/** Items that are checked before the event loop gets its turn: about a millisecond. */
const PIECE = 256

/** Checks a batch as the core does, with its codes. */
export async function checkBatch(batch: GraphBatch, directed: boolean): Promise<CheckedBatch> {
  known('batch', batch)
  const { nodes = [], edges = [], hyperedges = [], remove = {} } = batch
  known('remove', remove)
  const checkedEdges = new Map<string, CheckedBatch['edges'][number]>()
  for (const [i, edge] of edges.entries()) {
    if (i % PIECE === PIECE - 1) await turn()
    known('edge', edge)
    const [source, target, weight] = [idText(edge.source), idText(edge.target), edge.weight ?? 1]
    if (source === target) throw new CanopyError('GRAPH_SELF_LOOP', 'invalid_input', `the edge from ${shown(source)} leads to itself: graphs hold edges between two nodes, leave it out`)
    if (!(Number.isFinite(weight) && weight > 0)) throw new CanopyError('GRAPH_WEIGHT', 'invalid_input', `the edge from ${shown(source)} to ${shown(target)} weighs ${weight}: a weight is finite and above 0`)
    const key = JSON.stringify(directed || source < target ? [source, target] : [target, source])
    // The first to name the ends makes them, in its order; the last one counts.
    const first = checkedEdges.get(key) ?? { source, target }
    checkedEdges.set(key, { source: first.source, target: first.target, weight, attributes: attributes(edge.attributes) })
  }
  return {
    nodes: await last(nodes, (node) => ({ id: idText(known('node', node).id), attributes: attributes(node.attributes) })),
    edges: [...checkedEdges.values()],
    hyperedges: await last(hyperedges, (hyperedge) => ({ id: idText(known('hyperedge', hyperedge).id), members: [...new Set(hyperedge.members.map(idText))], attributes: attributes(hyperedge.attributes) })),
    remove: {
      nodes: (remove.nodes ?? []).map(idText),
      edges: (remove.edges ?? []).map((edge) => ({ source: idText(known('end', edge).source), target: idText(edge.target) })),
      hyperedges: (remove.hyperedges ?? []).map(idText),
    },
  }
}

/** An id as it is stored: 7 and "7" are one. Throws GRAPH_ID. */
export function idText(id: GraphId): string {
  if (typeof id === 'number' && !Number.isSafeInteger(id)) throw idError(String(id), 'is no whole number')
  if (typeof id !== 'string' && typeof id !== 'number') throw batchError('an id is a text or a whole number')
  const text = String(id).toWellFormed()
  if (text === '') throw idError(text, 'is empty')
  if (Buffer.byteLength(text) > MAX_ID_BYTES) throw idError(text, 'has over 1,024 bytes')
  if (text.includes('\0')) throw idError(text, 'contains the NUL character')
  return text
}

/** Throws GRAPH_NAME. */
export function checkName(name: string): void {
  const reason = name === '' ? 'is empty' : [...name].length > MAX_NAME_CHARACTERS ? 'has over 128 characters' : /\p{Cc}/u.test(name) ? 'holds a control character' : undefined
  if (reason !== undefined) throw new CanopyError('GRAPH_NAME', 'invalid_input', `${shown(name)} can't name a graph: it ${reason}`)
}

/** A whole number within its range. Throws GRAPH_OPTION. */
export function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new CanopyError('GRAPH_OPTION', 'invalid_input', `${name} is ${value}: choose ${least} to ${most.toLocaleString('en')}`)
}

/** The start of an id for a message. */
export const shown = (text: string): string => JSON.stringify([...text].slice(0, 64).join(''))

function known<T extends object>(what: keyof typeof KNOWN, value: T): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw batchError(`${what} must be an object`)
  const other = Object.keys(value).find((key) => !KNOWN[what].includes(key))
  if (other !== undefined) throw batchError(`${what} has an unknown field ${shown(other)}; known are ${KNOWN[what].join(', ')}`)
  return value
}

function attributes(given: Metadata | undefined): string {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) throw batchError('attributes must be an object')
  return JSON.stringify(given ?? {})
}

/** The last item of each id. */
async function last<T, U extends { id: string }>(items: readonly T[], check: (item: T) => U): Promise<U[]> {
  const found = new Map<string, U>()
  for (const [i, item] of items.entries()) {
    if (i % PIECE === PIECE - 1) await turn()
    const checked = check(item)
    found.set(checked.id, checked)
  }
  return [...found.values()]
}

function idError(id: string, reason: string): CanopyError {
  return new CanopyError('GRAPH_ID', 'invalid_input', `${shown(id)} can't be an id: it ${reason}`)
}

function batchError(problem: string): CanopyError {
  return new CanopyError('GRAPH_BATCH', 'invalid_input', `the batch isn't valid: ${problem}`)
}
