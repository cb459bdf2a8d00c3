import { Type, type Static } from 'typebox'

const bytes = { mebi: 1024 * 1024, gibi: 1024 * 1024 * 1024 }
/** Marks settings that a running server takes over when the configuration file changes. */
const reload = true
/** The digest of a key, as `canopy key create` prints it. Keys themselves are refused: whoever reads a configuration should learn none. */
const KEY = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
/** What the proxy-addr package understands. */
const PROXY = Type.String({ pattern: '^(loopback|linklocal|uniquelocal|\\d{1,3}(\\.\\d{1,3}){3}(/\\d{1,2})?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*(/\\d{1,3})?)$' })

const RemoteModel = Type.Object(
  {
    url: Type.String({ pattern: '^https?://', description: 'Address up to and without /embeddings' }),
    model: Type.String({ minLength: 1 }),
    dim: Type.Integer({ minimum: 1, maximum: 65536 }),
    apiKey: Type.Optional(Type.String()),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
  },
  { additionalProperties: false },
)

const Tenant = Type.Object(
  {
    epsilon: Type.Number({ exclusiveMinimum: 0, maximum: 1e6, description: 'ε within the window' }),
    delta: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 0.5 })),
    composition: Type.Optional(Type.Union([Type.Literal('pure'), Type.Literal('zcdp'), Type.Literal('rdp')])),
    keys: Type.Optional(Type.Array(KEY, { description: 'Digests of API keys that speak for this tenant, and may ask for private answers only' })),
  },
  { additionalProperties: false },
)

/** Every setting, by section. The descriptions and defaults are what `canopy config` prints. */
export const ConfigSchema = Type.Object({
  data: Type.Object({
    dir: Type.String({ minLength: 1, default: '.canopy/data', description: 'The folder that holds the collections' }),
    readOnly: Type.Boolean({ default: false, description: 'Open beside a process that writes' }),
    durability: Type.Union([Type.Literal('process'), Type.Literal('power')], { default: 'process', description: 'What an acknowledged write survives: the end of the process, or a power cut' }),
  }),
  store: Type.Object({
    url: Type.String({ pattern: '^(|postgres(ql)?://.+)$', default: '', description: 'postgres://user:password@host/database?schema=name for records in PostgreSQL with pgvector; empty means the folder data.dir' }),
    pool: Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Connections to PostgreSQL at most' }),
    statementTimeoutMs: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, default: 30_000, description: 'How long one statement may take in PostgreSQL' }),
    storage: Type.Union([Type.Literal('vector'), Type.Literal('halfvec')], { default: 'vector', description: 'Bytes a number of new collections in PostgreSQL: 4 or 2' }),
    index: Type.Union([Type.Literal('hnsw'), Type.Literal('ivfflat'), Type.Literal('none')], { default: 'hnsw', description: 'The vector index that a rebuild makes in PostgreSQL' }),
    probes: Type.Integer({ minimum: 1, maximum: 100, default: 32, description: 'Lists that a search in an ivfflat index looks into, of 100' }),
    efSearch: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Candidates that a search in an hnsw index keeps' }),
  }),
  graphs: Type.Object({
    url: Type.String({ pattern: '^(|(neo4j|bolt)(\\+s|\\+ssc)?://.+)$', default: '', description: 'neo4j://user:password@host:7687/database for graphs in Neo4j (bolt:// for a single server); empty means the folder data.dir' }),
  }),
  models: Type.Object({
    dir: Type.String({ default: '', description: 'The folder with model weights; empty means those of this package' }),
    idleMs: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, default: 600_000, description: 'Unload a model that nobody used for so long' }),
    cacheBytes: Type.Integer({ minimum: 0, default: 64 * bytes.mebi, description: 'Size of the embedding cache' }),
    cacheTtlMs: Type.Integer({ minimum: 1, default: 86_400_000, description: 'How long an embedding stays in the cache' }),
    remote: Type.Record(Type.String({ minLength: 1 }), RemoteModel, { default: {}, description: 'Embedding services in the OpenAI style, by the name that collections use' }),
  }),
  index: Type.Object({
    exactBelow: Type.Integer({ minimum: 0, default: 0, description: 'Scan fewer vectors than this exactly; 0 lets the planner decide' }),
    recall: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.99, description: 'The share of the true results that searches of many vectors should find; 1 scans always' }),
  }),
  compute: Type.Object({
    device: Type.Union([Type.Literal('auto'), Type.Literal('cpu'), Type.Literal('gpu')], { default: 'auto', description: 'What does work that a GPU does sooner: a GPU where there is one and it pays, always the processor, or a GPU for all that it can do' }),
  }),
  speech: Type.Object({
    model: Type.String({ default: '', description: 'Whisper weights in ggml format; empty means the first ggml-*.bin in the folder of models' }),
    maxBytes: Type.Integer({ minimum: 1, default: 200 * bytes.mebi, description: 'Bytes of a recording that is sent to the server' }),
    maxSeconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 4 * 3600, description: 'Length of a recording; an hour takes 230 MB of memory while it is transcribed' }),
  }),
  server: Type.Object({
    host: Type.String({ minLength: 1, default: '127.0.0.1', description: 'The address to bind; anything but loopback needs an API key' }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 7700, description: 'The port to bind; 0 takes a free one' }),
    bodyLimit: Type.Integer({ minimum: 1, default: bytes.mebi, description: 'Bytes of a JSON body' }),
    importLimit: Type.Integer({ minimum: 1, default: bytes.gibi, description: 'Bytes of an imported stream' }),
    shutdownMs: Type.Integer({ minimum: 1, default: 10_000, description: 'How long running requests may take after a stop was asked for' }),
    corsOrigins: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'Web origins that may call the API; * means all', reload }),
    rateLimit: Type.Integer({ minimum: 0, default: 0, description: 'Requests a minute for each key or address; 0 means no limit', reload }),
    maxEventLoopDelayMs: Type.Integer({ minimum: 0, default: 1000, description: 'Answer 503 while the event loop is later than this; 0 means never' }),
    requestTimeoutMs: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, default: 600_000, description: 'How long a request may take to arrive whole; 0 means no limit' }),
    trustProxy: Type.Array(PROXY, { default: [], description: 'Addresses or networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8 or loopback' }),
  }),
  auth: Type.Object({
    keys: Type.Array(KEY, { default: [], description: 'Digests of the API keys that may read and write (`canopy key create`)', reload }),
    readOnlyKeys: Type.Array(KEY, { default: [], description: 'Digests of the API keys that may only read', reload }),
  }),
  ingest: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether the server takes records in through its queue' }),
    url: Type.String({ pattern: '^(|rediss?://.+)$', default: '', description: 'redis://host:port for a queue that several servers share; empty means a file in data.dir' }),
    capacity: Type.Integer({ minimum: 1, maximum: 1e9, default: 1_000_000, description: 'Records that may wait; `canopy estimate-queue` says how many' }),
    batch: Type.Integer({ minimum: 1, maximum: 100_000, default: 2048, description: 'Records that are stored at once' }),
    flushMs: Type.Integer({ minimum: 0, maximum: 60_000, default: 10, description: 'How long a batch that is not full waits for more' }),
    writeTimeoutMs: Type.Integer({ minimum: 100, maximum: 3_600_000, default: 120_000, description: 'How long a server may take for one batch before it counts as away' }),
    breakerFailures: Type.Integer({ minimum: 1, maximum: 1000, default: 5, description: 'Failures in a row after which a server that is away is left alone' }),
    breakerResetMs: Type.Integer({ minimum: 1, maximum: 3_600_000, default: 30_000, description: 'How long it is left alone before one probe' }),
    whileOpen: Type.Union([Type.Literal('refuse'), Type.Literal('queue')], { default: 'refuse', description: 'What happens to records meanwhile: 429, or they wait in the queue' }),
    tenantRate: Type.Integer({ minimum: 0, default: 0, description: 'KiB a second that each key may send in; 0 means no limit' }),
    tenantBurst: Type.Integer({ minimum: 0, default: 0, description: 'KiB that each key may send at once, if more than a second of its rate' }),
  }),
  cache: Type.Object({
    enabled: Type.Boolean({ default: false, description: 'Whether answers of searches are kept until their collection changes or their time is over; in Redis where redis.url names one, else in memory' }),
    memoryBytes: Type.Integer({ minimum: 0, default: 64 * bytes.mebi, description: 'Bytes of answers in memory' }),
    diskBytes: Type.Integer({ minimum: 0, default: 0, description: 'Bytes of answers on disk, in data.dir; 0 means none' }),
    ttlSeconds: Type.Number({ minimum: 1, maximum: 86_400, default: 60, description: 'How long an answer is kept before the controller has learned better' }),
    pid: Type.Object(
      { target_hit_ratio: Type.Optional(Type.Number()), targetHitRatio: Type.Optional(Type.Number()), Kp: Type.Optional(Type.Number()), Ki: Type.Optional(Type.Number()), I_max: Type.Optional(Type.Number()), Imax: Type.Optional(Type.Number()) },
      { additionalProperties: false, default: { target_hit_ratio: 0.45, Kp: 0.4, Ki: 0.05, I_max: 5 }, description: 'The share of hits that the controller moves the TTL towards, and its gains' },
    ),
    everyMs: Type.Integer({ minimum: 100, maximum: 3_600_000, default: 10_000, description: 'How often the controller moves the TTL' }),
    dryRun: Type.Boolean({ default: false, description: 'Whether the controller only says what it would do' }),
  }),
  redis: Type.Object({
    url: Type.String({ pattern: '^(|rediss?://.+)$', default: '', description: 'redis://host:port for the privacy budgets and kept answers of several machines; empty means files in data.dir' }),
    prefix: Type.String({ default: 'canopy:', description: 'Start of every key in Redis' }),
  }),
  budget: Type.Object({
    tenants: Type.Record(Type.String({ minLength: 1, maxLength: 128 }), Tenant, { default: {}, description: 'Budgets of differential privacy by tenant: {"acme":{"epsilon":3,"keys":["sha256:…"]}}' }),
    windowMs: Type.Integer({ minimum: 1000, maximum: 366 * 86_400_000, default: 86_400_000, description: 'The sliding window that budgets hold for' }),
    audit: Type.String({ default: '', description: 'The audit file; empty means audit.jsonl in data.dir' }),
  }),
  metrics: Type.Object({
    exemplars: Type.Boolean({ default: false, description: 'Answer /metrics in the OpenMetrics format, naming the last request (and trace) in each bucket of its duration' }),
    open: Type.Boolean({ default: true, description: 'Whether /metrics answers without a key; it names collections and tenants' }),
    named: Type.Integer({ minimum: 1, maximum: 100_000, default: 100, description: 'Collections and tenants that metrics name at most; the others are added up' }),
  }),
  log: Type.Object({
    level: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)), { default: 'info', description: 'The least severe line that is written', reload }),
  }),
})

/** The settings after all sources were merged. */
export type Config = Static<typeof ConfigSchema>

/** One setting in its dotted form: `server.port`. */
export interface Setting {
  key: string
  /** `CANOPY_SERVER_PORT` */
  env: string
  type: string
  default: unknown
  description: string
  secret: boolean
  /** Whether a running server takes over a new value. */
  reload: boolean
}

interface Property {
  type?: string
  default?: unknown
  description?: string
  reload?: boolean
}

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = Object.entries(ConfigSchema.properties).flatMap(([section, { properties }]) =>
  Object.entries(properties as Record<string, Property>).map(([name, property]) => ({
    key: `${section}.${name}`,
    env: `CANOPY_${section}_${name}`.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase(),
    type: property.type ?? 'string',
    default: property.default,
    description: property.description ?? '',
    reload: property.reload === true,
    secret: section === 'auth' || name === 'remote' || name === 'url' || name === 'tenants',
  })),
)
