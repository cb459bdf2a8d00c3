import { Type, type TProperties } from 'typebox'
import { HttpError } from '../errors.js'

/** Parameters behind the `?`: one that is mistyped is refused, not ignored. */
export const query = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false })

/** Conditions on metadata in an address. */
export const FilterText = Type.String({ description: 'Conditions on metadata as a JSON object', examples: ['{"lang":"en"}'] })

/** The filter that such a text holds. */
export function readFilter(text: string | undefined): Record<string, never> | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Record<string, never>
  } catch {
    throw new HttpError('REQUEST_INVALID', 'the parameter filter must be a JSON object, such as {"lang":"en"}')
  }
}
