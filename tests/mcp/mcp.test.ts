import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { canopy } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'

const main = fileURLToPath(new URL('../../ts/cli/main.js', import.meta.url))

interface Called {
  isError?: boolean
  structuredContent?: Record<string, unknown>
  content: Array<{ type: string; text: string }>
}

/** A list in the answer of a tool. */
function list<T>(answer: Called, name: string): T[] {
  return (answer.structuredContent?.[name] ?? []) as T[]
}

/** A real client of the protocol's own library, which starts the command as an assistant does. */
async function assistant(t: ExecutionContext, dir: string, ...flags: string[]): Promise<{ client: Client; call: (name: string, input?: Record<string, unknown>) => Promise<Called> }> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [main, 'mcp', '--dir', dir, ...flags], cwd: dir }))
  t.teardown(() => client.close())
  return { client, call: async (name, input) => (await client.callTool({ name, arguments: input })) as unknown as Called }
}

test('an assistant stores, searches, reads and finds what is similar', async (t) => {
  const { client, call } = await assistant(t, await folder(t))
  const { tools } = await client.listTools()
  t.deepEqual(tools.map(({ name }) => name), ['collections', 'graphs', 'search', 'similar', 'get', 'explain', 'store'])
  t.true(tools.every(({ inputSchema, description }) => inputSchema.type === 'object' && (description ?? '').length > 20))

  const long = 'Black tea is brewed with boiling water. '.repeat(60)
  const records = [{ id: 'tea', text: 'Green tea is brewed below boiling', metadata: { kind: 'drink' } }, { id: 'car', text: 'A car has four wheels' }, { id: 'oolong', text: long, metadata: { kind: 'drink' } }]
  const stored = await call('store', { collection: 'notes', records })
  t.deepEqual(list<{ outcome: string }>(stored, 'stored').map(({ outcome }) => outcome), ['inserted', 'inserted', 'inserted'])

  const found = await call('search', { collection: 'notes', query: 'how is green tea brewed?', filter: { kind: 'drink' }, limit: 2 })
  const hits = list<{ id: string; text: string; characters?: number }>(found, 'hits')
  t.is(hits[0]?.id, 'tea')
  t.deepEqual(JSON.parse(found.content[0]?.text ?? ''), found.structuredContent)
  const cut = hits.find(({ id }) => id === 'oolong')
  t.true((cut?.text.length ?? 0) < 1600)
  t.is(cut?.characters, long.length)
  const whole = await call('get', { collection: 'notes', id: 'oolong' })
  t.like(whole.structuredContent, { found: true, record: { id: 'oolong', text: long } })
  const like = await call('similar', { collection: 'notes', id: 'tea', limit: 1 })
  t.is(list<{ id: string }>(like, 'hits')[0]?.id, 'oolong')
  const listed = await call('collections')
  t.is(list<{ count: number }>(listed, 'collections')[0]?.count, 3)
})

test('an assistant asks why a node is where it is', async (t) => {
  const dir = await folder(t)
  await writeFile(path.join(dir, 'friends.csv'), 'ann,bob,1\nbob,eve,2\neve,ann,1\neve,joe,5\n')
  const { call } = await assistant(t, dir)
  t.true((await call('explain', { node: 'eve' })).content[0]?.text.endsWith('[GRAPH_NOT_FOUND]'))
  const loaded = await canopy(['graph', 'load', 'friends', 'friends.csv', '--dir', path.join(dir, 'graphs')], { cwd: dir })
  t.is(loaded.code, 0, loaded.stderr)
  const reader = await assistant(t, path.join(dir, 'graphs'), '--read-only')
  t.like(list<{ name: string; nodes: number }>(await reader.call('graphs'), 'graphs')[0], { name: 'friends', nodes: 4 })
  const explained = await reader.call('explain', { node: 'eve', hops: 1 })
  t.deepEqual(list<{ id: string }>(explained, 'nodes').map(({ id }) => id).toSorted(), ['ann', 'bob', 'eve', 'joe'])
  for (const { node, shares } of list<{ node: string; shares: number[] }>(explained, 'attn')) t.true(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6, node)
  t.is(explained.structuredContent?.['svg'], undefined)
  t.true((await reader.call('explain', { node: 'nobody' })).content[0]?.text.endsWith('[GRAPH_NODE_NOT_FOUND]'))
})

test('a wrong call is answered with what is wrong, and the session goes on', async (t) => {
  const { call } = await assistant(t, await folder(t))
  const wrong: Array<[string, Record<string, unknown>, string]> = [
    ['nothing', {}, 'TOOL_UNKNOWN'],
    ['search', {}, 'TOOL_ARGUMENTS'],
    ['search', { collection: 'notes', query: 'x', limit: 0 }, 'TOOL_ARGUMENTS'],
    ['search', { collection: 'notes', query: 'x', more: 1 }, 'TOOL_ARGUMENTS'],
    ['search', { collection: 'nobody', query: 'x' }, 'COLLECTION_NOT_FOUND'],
    ['store', { collection: 'a/b', records: [{ text: 'x' }] }, 'COLLECTION_NAME'],
    ['store', { collection: 'notes', records: [{ text: ' ' }] }, 'TEXT_EMPTY'],
    ['store', { collection: 'notes', records: [] }, 'TOOL_ARGUMENTS'],
  ]
  for (const [name, input, code] of wrong) {
    const answer = await call(name, input)
    t.true(answer.isError, name)
    t.true(answer.content[0]?.text.endsWith(`[${code}]`), `${code}: ${answer.content[0]?.text}`)
  }
  t.is((await call('get', { collection: 'notes', id: 'x' })).structuredContent?.['found'], false)
})

test('read-only offers nothing that writes, beside a process that does', async (t) => {
  const dir = await folder(t)
  const writer = await assistant(t, dir)
  await writer.call('store', { collection: 'notes', records: [{ id: 'a', text: 'first' }] })
  const reader = await assistant(t, dir, '--read-only')
  t.deepEqual((await reader.client.listTools()).tools.map(({ name }) => name), ['collections', 'graphs', 'search', 'similar', 'get', 'explain'])
  t.true((await reader.call('store', { collection: 'notes', records: [{ text: 'x' }] })).isError)
  t.is(list(await reader.call('search', { collection: 'notes', query: 'first' }), 'hits').length, 1)
  const second = await canopy(['mcp', '--dir', dir], { cwd: dir, input: '' })
  t.regex(second.stderr, /STORE_LOCKED/)
  t.is(second.code, 5)
})

test('the end of its input ends it', async (t) => {
  const dir = await folder(t)
  t.deepEqual(await canopy(['mcp', '--dir', dir], { cwd: dir, input: '' }), { code: 0, stdout: '', stderr: '' })
})

test('calls that were sent before the input ended are answered', async (t) => {
  const dir = await folder(t)
  const line = (id: number, method: string, params: unknown): string => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
  const hello = line(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'pipe', version: '1' } })
  const store = line(2, 'tools/call', { name: 'store', arguments: { collection: 'notes', records: [{ id: 'a', text: 'piped' }] } })
  const ran = await canopy(['mcp', '--dir', dir], { cwd: dir, input: hello + store })
  t.is(ran.code, 0)
  t.deepEqual(ran.stdout.trim().split('\n').map((answer) => (JSON.parse(answer) as { id: number }).id), [1, 2])
})
