// CommonJS on purpose: `require` loads at the moment of need, and works from both builds (ESM and CommonJS).
import type * as Api from '@opentelemetry/api'

/** Under this name every copy of OpenTelemetry's API (version 1) finds the SDK that was set up through any of them. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')
let loaded: typeof Api | undefined

/** OpenTelemetry's API where somebody has set up an SDK; else nothing, and nothing is loaded: it would take 10 MB. */
function api(): typeof Api | undefined {
  if (loaded === undefined && REGISTERED in globalThis) loaded = require('@opentelemetry/api') as typeof Api
  return loaded
}

export = { api }
