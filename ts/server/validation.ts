import { Ajv, type ErrorObject } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import * as schemas from './schemas/index.js'

// Bodies mean what they say: nothing is converted, dropped or filled in. Addresses hold only text, so numbers are read from it there.
const bodies = new Ajv({ strict: false, schemas: Object.values(schemas.components) })
const addresses = new Ajv({ strict: false, coerceTypes: true, useDefaults: true })

/** Validates bodies strictly and converts what came in the address. */
export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  if (httpPart !== 'body') return addresses.compile(schema)
  const validate = bodies.compile(schema)
  // Bytes go to the core as they are: it parses and checks them off the main thread.
  return Object.assign((body: unknown) => Buffer.isBuffer(body) || validate(body) || { error: failure(validate.errors) }, {})
}

function failure(errors: ErrorObject[] | null | undefined): Error {
  return Object.assign(new Error('the body is wrong'), { validation: errors ?? [], code: 'FST_ERR_VALIDATION', statusCode: 400 })
}
