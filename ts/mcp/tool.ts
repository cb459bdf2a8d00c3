import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import { Ajv } from 'ajv'
import type { Static, TObject } from 'typebox'
import type { AnyDatabase } from '../stores/any.js'
import { CanopyError } from '../engine/error.js'

/** What an assistant may call. */
export interface Tool {
  name: string
  description: string
  annotations: ToolAnnotations
  /** JSON Schema of the arguments. */
  inputSchema: TObject
  /** Checks the arguments and does the work; what it answers is sent as JSON. */
  call(db: AnyDatabase, input: unknown, signal: AbortSignal): Promise<Record<string, unknown>>
}

const ajv = new Ajv({ strict: false, useDefaults: true, allErrors: true })

/** A tool whose arguments are checked against its schema before `work` sees them. */
export function tool<S extends TObject>(
  about: Pick<Tool, 'name' | 'description' | 'annotations'>,
  inputSchema: S,
  work: (db: AnyDatabase, input: Static<S>, signal: AbortSignal) => Promise<Record<string, unknown>>,
): Tool {
  const valid = ajv.compile<Static<S>>(inputSchema)
  return {
    ...about,
    inputSchema,
    async call(db, given, signal) {
      const input = structuredClone(given ?? {})
      if (valid(input)) return work(db, input, signal)
      const problem = ajv.errorsText(valid.errors, { dataVar: 'arguments', separator: '; ' })
      throw new CanopyError('TOOL_ARGUMENTS', 'invalid_input', `${about.name} can't take these arguments: ${problem}`)
    },
  }
}
