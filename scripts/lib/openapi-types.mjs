// TypeScript from the server's own description of its API, in the form that openapi-fetch takes its types from.
// (openapi-typescript does the same with the compiler's old API, which TypeScript 7 no longer has.)

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace']
const HEAD = `// Generated from the server's OpenAPI description by \`node scripts/client.mjs --write\`. Not edited by hand.
`
/** Names that need no quotes. */
const PLAIN = /^[A-Za-z_$][\w$]*$/

/** The whole file. */
export function openapiTypes({ paths, components = {} }) {
  const schemas = Object.entries(components.schemas ?? {}).toSorted(byName)
  return [
    HEAD,
    '/** What is sent and answered, by name. */',
    `export interface Schemas ${object(schemas.map(([name, schema]) => field(name, type(schema, 1), { required: true, comment: schema.description, depth: 1 })), 0)}`,
    '',
    '/** What a refused request is answered with. */',
    "type Refused = Answer<{ 'application/json': Schemas['Error'] }>",
    '',
    '/** One answer: its content by media type. */',
    'interface Answer<Content> {\n  headers: { [name: string]: unknown }\n  content: Content\n}',
    '',
    '/** What a route answers, and with which statuses it refuses. */',
    'type Answers<Done, Statuses extends number> = Done & { [Status in Statuses]: Refused }',
    '',
    '/** A place for parameters that takes none. */',
    'interface Nothing {\n  query?: never\n  header?: never\n  path?: never\n  cookie?: never\n}',
    '',
    '/** Parameters in some places, and none in the others. */',
    'type Given<Own> = Own & Omit<Nothing, keyof Own>',
    '',
    '/** Every route, its parameters, bodies and answers. */',
    `export interface paths ${object(Object.entries(paths).toSorted(byName).map(([path, methods]) => field(path, pathType(methods), { required: true, depth: 1 })), 0)}`,
    '',
  ].join('\n')
}

function byName([a], [b]) {
  return a < b ? -1 : 1
}

function pathType(methods) {
  const rows = METHODS.filter((method) => method in methods).map((method) => field(method, operationType(methods[method]), { required: true, comment: methods[method].summary, depth: 2 }))
  return object([field('parameters', parametersType([], 2), { required: true, depth: 2 }), ...rows], 1)
}

function operationType({ parameters = [], requestBody, responses }) {
  return object(
    [
      field('parameters', parametersType(parameters, 3), { required: true, depth: 3 }),
      requestBody === undefined ? field('requestBody', 'never', { depth: 3 }) : field('requestBody', object([field('content', contentType(requestBody.content, 4), { required: true, depth: 4 })], 3), { required: requestBody.required === true, depth: 3 }),
      field('responses', responsesType(Object.entries(responses)), { required: true, depth: 3 }),
    ],
    2,
  )
}

function responsesType(responses) {
  const done = responses.filter(([, response]) => !refused(response))
  // Which codes they are is in the description; thousands of lines of it would be in nobody's way but ours.
  const statuses = responses.filter(([, response]) => refused(response)).map(([status]) => status)
  const answers = object(done.map(([status, response]) => field(status, responseType(response), { required: true, comment: response.description, depth: 4 })), 3)
  return statuses.length === 0 ? answers : `Answers<${answers}, ${statuses.join(' | ')}>`
}

function parametersType(parameters, depth) {
  if (parameters.length === 0) return 'Nothing'
  const places = ['query', 'header', 'path', 'cookie'].filter((place) => parameters.some((parameter) => parameter.in === place)).map((place) => {
    const own = parameters.filter((parameter) => parameter.in === place)
    const rows = own.map(({ name, required, schema, description }) => field(name, type(schema ?? {}, depth + 2), { required: required === true, comment: description ?? schema?.description, depth: depth + 2 }))
    return field(place, object(rows, depth + 1), { required: own.some(({ required }) => required === true), depth: depth + 1 })
  })
  return `Given<${object(places, depth)}>`
}

const refused = ({ content }) => content?.['application/json']?.schema?.$ref?.endsWith('/Error') === true

function responseType({ content }) {
  return content === undefined ? '{ headers: { [name: string]: unknown }; content?: never }' : `Answer<${contentType(content, 4)}>`
}

function contentType(content, depth) {
  return object(Object.entries(content).map(([media, { schema }]) => field(media, bodyType(media, schema, depth + 1), { required: true, depth: depth + 1 })), depth)
}

/** Forms and bytes are sent as what JavaScript has for them. */
function bodyType(media, schema, depth) {
  if (media === 'multipart/form-data') return 'FormData'
  if (media === 'application/octet-stream') return 'Uint8Array'
  return type(schema ?? {}, depth)
}

/** A schema as a type. */
function type(schema, depth) {
  if (schema.$ref !== undefined) return `Schemas[${quoted(schema.$ref.split('/').at(-1))}]`
  if ('const' in schema) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined) return [...new Set(either.map((inner) => type(inner, depth)))].join(' | ')
  if (schema.allOf !== undefined) return schema.allOf.map((inner) => `(${type(inner, depth)})`).join(' & ')
  if (Array.isArray(schema.type)) return schema.type.map((one) => type({ ...schema, type: one }, depth)).join(' | ')
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return arrayType(schema, depth)
    case 'object':
      return objectType(schema, depth)
    default:
      return 'unknown'
  }
}

function arrayType({ items = {}, minItems, maxItems }, depth) {
  // Pairs and triples are tuples where the schema lists their places.
  if (Array.isArray(items)) return `[${items.map((item) => type(item, depth)).join(', ')}]`
  const inner = type(items, depth)
  if (minItems === 2 && maxItems === 2) return `[${inner}, ${inner}]`
  return /[|&]/.test(inner) && !inner.startsWith('{') ? `(${inner})[]` : `${inner}[]`
}

function objectType({ properties, required = [], additionalProperties, patternProperties }, depth) {
  const rest = Object.values(patternProperties ?? {})[0] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
  if (properties === undefined) return `{ [name: string]: ${rest === undefined ? 'unknown' : type(rest, depth)} }`
  const rows = Object.entries(properties).map(([name, schema]) => field(name, type(schema, depth + 1), { required: required.includes(name), comment: schema.description, depth: depth + 1 }))
  return object(rows, depth)
}

function field(name, value, { required = false, comment, depth }) {
  const indent = '  '.repeat(depth)
  const words = comment === undefined ? '' : `${indent}/** ${comment.replaceAll('*/', '* /').replaceAll('\n', ' ')} */\n`
  // As exactOptionalPropertyTypes has it: what may be left out may be undefined, too.
  return `${words}${indent}${PLAIN.test(name) || /^\d+$/.test(name) ? name : quoted(name)}${required ? '' : '?'}: ${value}${required || value === 'never' ? '' : ' | undefined'}`
}

function object(rows, depth) {
  return rows.length === 0 ? '{}' : `{\n${rows.join('\n')}\n${'  '.repeat(depth)}}`
}

const literal = (value) => (typeof value === 'string' ? quoted(value) : JSON.stringify(value))
const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
