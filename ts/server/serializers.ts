import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

type BuildSerializer = NonNullable<NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>['buildSerializer']>
type Serialize = (data: unknown) => string

/**
 * Serialisers are made when the first answer needs them, one for each schema.
 *
 * To make all of them took most of a server's start: a route has one for each status that it may answer with, nearly all of errors.
 */
export const buildSerializer: BuildSerializer = (schemas, options) => {
  const build = SerializerSelector()(schemas, options)
  // Fastify hands out copies, so that the same schema can only be told by its text.
  const made = new Map<string, Serialize>()
  return (route) => {
    let serialize: Serialize | undefined
    return (data: unknown) => {
      if (serialize === undefined) {
        const text = JSON.stringify(route.schema)
        serialize = made.get(text) ?? (build(route) as Serialize)
        made.set(text, serialize)
      }
      return serialize(data)
    }
  }
}
