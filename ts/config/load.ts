import fs from 'node:fs'
import path from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { parse as parseYaml } from 'yaml'
import { CanopyError } from '../engine/error.js'
import { ConfigSchema, settings, type Config, type Setting } from './schema.js'
import { nearest } from './suggest.js'

/** Where a value came from. */
export type Source = 'default' | 'file' | 'environment' | 'flag'

/** The merged settings and the source of each. */
export interface Loaded {
  config: Config
  /** By dotted key. */
  sources: ReadonlyMap<string, { value: unknown; source: Source; from: string }>
  file: string | undefined
}

/** What `loadConfig` reads from. */
export interface Inputs {
  /** The file that a flag named. */
  file?: string | undefined
  env?: NodeJS.ProcessEnv | undefined
  /** By dotted key; strings are converted as in the environment. */
  flags?: Readonly<Record<string, unknown>> | undefined
  cwd?: string | undefined
}

type Values = Map<string, { value: unknown; source: Source; from: string }>

const byKey = new Map(settings.map((setting) => [setting.key, setting]))
const byEnv = new Map(settings.map((setting) => [setting.env, setting]))
/** Variables with our prefix that aren't settings. */
const OTHER_VARIABLES = /^CANOPY_(CONFIG|NATIVE_PATH|TEST_.*|BENCH_.*)$/
const validate = new Ajv({ allErrors: false, strict: false }).compile(ConfigSchema)

/**
 * Merges defaults < file < environment < flags and checks the whole against the schema.
 *
 * Throws CONFIG_KEY for a key that doesn't exist (with the nearest one that does), CONFIG_VALUE for a value that can't
 * be, CONFIG_FILE for a file that can't be read.
 */
export function loadConfig({ file, env = process.env, flags = {}, cwd = process.cwd() }: Inputs = {}): Loaded {
  const values: Values = new Map(settings.map(({ key, default: value }) => [key, { value, source: 'default', from: 'default' }]))
  const found = configFile(file ?? env['CANOPY_CONFIG'], cwd)
  if (found !== undefined) readFile(found, values)
  readEnvironment(env, values)
  for (const [key, value] of Object.entries(flags)) {
    if (value !== undefined) values.set(known(key, 'a flag').key, { value: convert(known(key, 'a flag'), value, `flag ${key}`), source: 'flag', from: `flag ${key}` })
  }
  const config = nest(values)
  if (!validate(config)) throw invalid(validate.errors?.at(-1), values)
  return { config, sources: values, file: found }
}

function configFile(named: string | undefined, cwd: string): string | undefined {
  const file = path.resolve(cwd, named ?? 'canopy.yaml')
  return named !== undefined || fs.existsSync(file) ? file : undefined
}

function readFile(file: string, values: Values): void {
  let content: unknown
  try {
    content = parseYaml(fs.readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0]
    throw new CanopyError('CONFIG_FILE', 'invalid_input', `the configuration file ${file} can't be read: ${reason}`)
  }
  if (content === null || content === undefined) return
  for (const [section, entries] of Object.entries(mapping(content, file))) {
    // The gains may stand by themselves too.
    if (section === 'pid') values.set('cache.pid', { value: entries, source: 'file', from: file })
    else
    for (const [name, value] of Object.entries(mapping(entries ?? {}, `${file}: ${section}`, section))) {
      values.set(known(`${section}.${name}`, file).key, { value, source: 'file', from: file })
    }
  }
}

function mapping(value: unknown, where: string, section?: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  if (section !== undefined && !(section in ConfigSchema.properties)) throw unknownKey(section, where)
  throw new CanopyError('CONFIG_VALUE', 'invalid_input', `${where} must hold keys with values, such as "server:\\n  port: 7700"`)
}

function readEnvironment(env: NodeJS.ProcessEnv, values: Values): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('CANOPY_') || OTHER_VARIABLES.test(name) || value === undefined) continue
    const setting = byEnv.get(name)
    if (setting === undefined) throw unknownKey(name, 'the environment', byEnv.keys())
    values.set(setting.key, { value: convert(setting, value, name), source: 'environment', from: name })
  }
}

function known(key: string, where: string): Setting {
  const setting = byKey.get(key)
  if (setting === undefined) throw unknownKey(key, where)
  return setting
}

function unknownKey(key: string, where: string, keys: Iterable<string> = byKey.keys()): CanopyError {
  const suggestion = nearest(key, keys)
  const hint = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`
  return new CanopyError('CONFIG_KEY', 'invalid_input', `unknown setting "${key}" in ${where}.${hint} \`canopy config\` lists all settings.`)
}

/** A string from the environment or the command line as the type that the setting has. */
function convert(setting: Setting, value: unknown, from: string): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  switch (setting.type) {
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : value
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : value
    case 'array':
      return text === '' ? [] : text.split(',').map((item) => item.trim())
    case 'object':
      try {
        return JSON.parse(text) as unknown
      } catch {
        throw new CanopyError('CONFIG_VALUE', 'invalid_input', `${from} must be a JSON object`)
      }
    default:
      return value
  }
}

function nest(values: Values): Record<string, Record<string, unknown>> {
  const config: Record<string, Record<string, unknown>> = {}
  for (const [key, { value }] of values) {
    const [section = '', name = ''] = key.split('.')
    ;(config[section] ??= {})[name] = value
  }
  return config
}

function invalid(error: ErrorObject | undefined, values: Values): CanopyError {
  const [, section = '', name = '', ...rest] = (error?.instancePath ?? '').split('/')
  const key = `${section}.${name}`
  const entry = values.get(key)
  const setting = byKey.get(key)
  const received = setting?.secret === true ? '' : `, not ${JSON.stringify(entry?.value)}`
  const place = [key, ...rest].join('.')
  // The one pattern of lists and tenants is that of keys.
  if (error?.keyword === 'pattern' && (section === 'auth' || rest.includes('keys'))) {
    return new CanopyError('CONFIG_VALUE', 'invalid_input', `the setting ${place} (from ${entry?.from ?? 'the file'}) takes the digest of a key (sha256: and 64 hexadecimal digits), not a key: \`canopy key create\` makes a key and its digest, \`canopy key digest\` prints that of a key which is in use`)
  }
  const rule = error?.keyword === 'anyOf' ? `must be one of ${choices(section, name).join(', ')}` : (error?.message ?? 'is wrong')
  return new CanopyError('CONFIG_VALUE', 'invalid_input', `the setting ${place} (from ${entry?.from ?? 'the file'}) ${rule}${received}`)
}

function choices(section: string, name: string): string[] {
  const sections = ConfigSchema.properties as unknown as Record<string, { properties: Record<string, { anyOf?: Array<{ const: string }> }> }>
  return sections[section]?.properties[name]?.anyOf?.map((choice) => choice.const) ?? []
}
