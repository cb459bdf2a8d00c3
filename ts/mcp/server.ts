import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema, ListToolsRequestSchema, type CallToolRequest, type CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { AnyDatabase } from '../stores/any.js'
import { toCanopyError } from '../engine/error.js'
import { tools } from './tools.js'

const INSTRUCTIONS =
  'Canopy keeps records (text with metadata) in collections on this machine and finds them by words and by meaning. Look with `search` before you store; read a hit whole with `get`. Where there are graphs, `explain` says what a node is joined to and why.'

/** A server, and a promise that what it was asked so far is answered. */
export interface McpServer {
  server: Server
  settled(): Promise<void>
}

/** A server of the Model Context Protocol over one database; connect it to a transport. */
export function mcpServer(db: AnyDatabase, { readOnly, version }: { readOnly: boolean; version: string }): McpServer {
  const offered = tools(readOnly)
  const running = new Set<Promise<unknown>>()
  const server = new Server({ name: 'canopy', title: 'Canopy', version }, { capabilities: { tools: {} }, instructions: INSTRUCTIONS })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: offered.map(({ name, description, annotations, inputSchema }) => ({ name, description, annotations, inputSchema: { ...inputSchema, type: 'object' as const } })),
  }))
  const call = async (params: CallToolRequest['params'], signal: AbortSignal): Promise<CallToolResult> => {
    const tool = offered.find(({ name }) => name === params.name)
    if (tool === undefined) return failed('TOOL_UNKNOWN', `there is no tool "${params.name}"; there are: ${offered.map(({ name }) => name).join(', ')}`)
    try {
      const value = await tool.call(db, params.arguments, signal)
      return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }
    } catch (thrown) {
      // An assistant can mend its call when it reads what was wrong; a protocol error would only end it.
      const { code, message } = toCanopyError(thrown)
      return failed(code, message)
    }
  }
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) => {
    const answer = call(params, signal)
    running.add(answer)
    return answer.finally(() => running.delete(answer))
  })
  return { server, settled: async () => void (await Promise.allSettled(running)) }
}

function failed(code: string, message: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: `${message} [${code}]` }] }
}
