// The only file that names prom-client: a change of library changes nothing else.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, type GaugeConfiguration, type OpenMetricsContentType } from 'prom-client'
import type { CacheEvent } from '../cache/cache.js'
import type { IngestEvent } from '../ingest/ingest.js'
import { bounded, largest } from './labels.js'

/** A vector index: how far a build is that is under way, what it has yet to take in, what it takes. */
type IndexState = Readonly<Record<'done' | 'total' | 'pending' | 'bytes', number>>

/** What a scrape reads fresh. */
export interface Snapshot {
  records: ReadonlyMap<string, number>
  /** The vector indexes, by collection. */
  indexes: ReadonlyMap<string, IndexState>
  modelsLoaded: number
  residentBytes: number
}

/** How metrics are kept. */
export interface MetricsOptions {
  /** Answer in the OpenMetrics format, with the request (and the trace) that fell into each bucket last; default false. */
  exemplars?: boolean | undefined
  /** Collections and tenants that are named at most; the others are added up. Default 100. */
  named?: number | undefined
}

/** A metric as it is documented. */
export interface MetricInfo {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  labels: string[]
  help: string
}

/** What an exemplar says of a request: short names and values, 128 characters together. */
export type Exemplar = Readonly<Record<string, string>>

/** The metrics of one server. */
export interface Metrics {
  /** One finished HTTP request. */
  request(method: string, route: string, status: number, seconds: number, exemplar?: Exemplar): void
  /** One request that its client abandoned. */
  cancelled(route: string): void
  /** Links that were suggested by common hyperedges. */
  suggested(links: number): void
  /** One search in PostgreSQL. */
  pgvector(ms: number): void
  /** One decision about a privacy budget. */
  privacy(tenant: string, allowed: boolean, remaining: number): void
  /** One recording written down; `xrt` is processing time over audio time. */
  transcribed(transcript: { device: string; xrt: number; fallbacks: number }): void
  /** Something that happened in the cache: a step of its controller, or evictions. */
  cache(event: CacheEvent): void
  /** Something that happened to records that were taken in. */
  ingest(event: IngestEvent): void
  /** How full the ingestion queue is. */
  queue(stats: { depth: number; capacity: number; dead: number }): void
  /** Calls a function before every scrape. */
  onScrape(probe: () => Promise<void>): void
  /** The Prometheus text of now. */
  text(): Promise<{ type: string; body: string }>
  /** Every metric of our own, in the order in which they are documented. */
  list(): MetricInfo[]
}

/** Seconds; a search takes 0.1 to 50 ms, an import minutes. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** Milliseconds of a search in PostgreSQL: 1 to 30 with an index. */
const QUERY_BUCKETS = [0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 300, 1000, 10_000]

/** Processing time over audio time; 1 is as fast as speech. */
const XRT_BUCKETS = [0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5]

const NAMED = 100

/** Metrics in a registry of their own, so that two servers in one process don't meet. */
export function createMetrics(snapshot: () => Promise<Snapshot>, { exemplars = false, named = NAMED }: MetricsOptions = {}): Metrics {
  // One format for the life of a server: prom-client renames counters when it first writes OpenMetrics.
  const registry = new Registry()
  if (exemplars) (registry as unknown as Registry<OpenMetricsContentType>).setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const registers = [registry]
  const duration = new Histogram({ name: 'canopy_http_request_seconds', help: 'Duration of HTTP requests', labelNames: ['method', 'route', 'status'], buckets: BUCKETS, enableExemplars: exemplars, registers })
  const abandoned = new Counter({ name: 'canopy_http_cancelled_total', help: 'Requests whose client went away', labelNames: ['route'], registers })
  const records = new Gauge({ name: 'canopy_records', help: 'Records in a collection', labelNames: ['collection'], registers })
  const models = new Gauge({ name: 'canopy_models_loaded', help: 'Embedding models whose weights are in memory', registers })
  const resident = new Gauge({ name: 'canopy_resident_bytes', help: 'Resident memory as the core measures it', registers })
  const suggestions = new Counter({ name: 'haa_edges_total', help: 'Links suggested by common hyperedges', registers })
  const query = unset({ name: 'pgvector_query_ms', help: 'Milliseconds of the last search in PostgreSQL', registers })
  const queries = new Histogram({ name: 'pgvector_query_duration_ms', help: 'Milliseconds of searches in PostgreSQL', buckets: QUERY_BUCKETS, registers })
  const progress = new Gauge({ name: 'canopy_index_build_ratio', help: 'How much of the build of a vector index that is under way is done; absent where none is', labelNames: ['collection'], registers })
  const pending = new Gauge({ name: 'canopy_index_pending', help: 'Changes that a vector index has yet to take in', labelNames: ['collection'], registers })
  const bytes = new Gauge({ name: 'canopy_index_bytes', help: 'Bytes of a vector index beside the vectors', labelNames: ['collection'], registers })
  const decisions = new Counter({ name: 'privacy_requests_total', help: 'Decisions about privacy budgets', labelNames: ['tenant', 'allowed'], registers })
  const left = new Gauge({ name: 'privacy_epsilon_remaining', help: 'Epsilon that a tenant had left after the last decision', labelNames: ['tenant'], registers })
  const xrt = new Gauge({ name: 'whisper_xrt', help: 'Processing time over audio time of the last recording', labelNames: ['device'], registers })
  const xrts = new Histogram({ name: 'whisper_xrt_ratio', help: 'Processing time over audio time of recordings', labelNames: ['device'], buckets: XRT_BUCKETS, registers })
  const fallbacks = new Counter({ name: 'whisper_fallback_total', help: 'Recordings that the processor took over because a graphics card’s memory didn’t suffice', registers })
  const fill = new Gauge({ name: 'ingest_queue_fill_ratio', help: 'Records that wait, of those that may', registers })
  const buried = new Gauge({ name: 'ingest_dead_letters', help: 'Dead letters that are kept', registers })
  const breaker = new Gauge({ name: 'breaker_state', help: '0 closed, 1 open, 0.5 half-open', labelNames: ['target'], registers })
  const accepted = new Counter({ name: 'ingest_accepted_total', help: 'Records that were accepted', registers })
  const written = new Counter({ name: 'ingest_written_total', help: 'Accepted records that were stored', registers })
  const refused = new Counter({ name: 'ingest_refused_total', help: 'Requests that were not accepted', labelNames: ['code'], registers })
  for (const code of ['QUEUE_FULL', 'BREAKER_OPEN', 'TENANT_RATE']) refused.inc({ code }, 0)
  const dead = new Counter({ name: 'ingest_dead_total', help: 'Accepted records that could not be stored', labelNames: ['code'], registers })
  const failures = new Counter({ name: 'ingest_write_failures_total', help: 'Batches that could not be written and come again', labelNames: ['code'], registers })
  for (const code of ['POSTGRES_UNREACHABLE', 'NEO4J_UNREACHABLE', 'WRITE_TIMEOUT']) failures.inc({ code }, 0)
  const hitRatio = unset({ name: 'redis_hit_ratio', help: 'Share of the reads of the cache that were hits, in the last window', registers })
  const ttl = unset({ name: 'cache_ttl_seconds', help: 'How long an answer in the cache is fresh', registers })
  const integral = unset({ name: 'pid_integral', help: 'Integral of the controller that moves the TTL: error times minutes', registers })
  const evictions = new Counter({ name: 'lmdb_evictions_total', help: 'Entries that left the second tier of the cache: they had outlived themselves, or the quota was used up', labelNames: ['cause'], registers })
  for (const cause of ['expired', 'quota']) evictions.inc({ cause }, 0)
  const own = registry.getMetricsAsArray() as unknown as Array<{ name: string; help: string; type: MetricInfo['type']; labelNames: string[] }>
  const list = own.map(({ name, help, type, labelNames }): MetricInfo => ({ name, type, labels: [...labelNames], help }))
  collectDefaultMetrics({ register: registry })
  const tenantLabel = bounded(named)
  const probes: Array<() => Promise<void>> = []
  return {
    request(method, route, status, value, exemplarLabels = {}) {
      const labels = { method, route, status: String(status) }
      if (exemplars) duration.observe({ labels, value, exemplarLabels })
      else duration.observe(labels, value)
    },
    cancelled: (route) => abandoned.inc({ route }),
    suggested: (links) => suggestions.inc(links),
    pgvector(ms) {
      query.set(ms)
      queries.observe(ms)
    },
    privacy(tenant, allowed, remaining) {
      const label = tenantLabel(tenant)
      decisions.inc({ tenant: label, allowed: String(allowed) })
      // What several tenants have left is no number of any of them.
      if (label === tenant) left.set({ tenant }, remaining)
    },
    transcribed({ device, xrt: ratio, fallbacks: count }) {
      xrt.set({ device }, ratio)
      xrts.observe({ device }, ratio)
      fallbacks.inc(count)
    },
    cache(event) {
      if (event.type === 'evicted') return evictions.inc({ cause: event.cause }, event.entries)
      ttl.set(event.state.ttl)
      integral.set(event.state.integral)
      if (event.ratio !== undefined) hitRatio.set(event.ratio)
    },
    ingest(event) {
      if (event.type === 'breaker') breaker.set({ target: event.target }, event.state)
      else if (event.type === 'accepted') accepted.inc(event.records)
      else if (event.type === 'written') written.inc(event.records)
      else if (event.type === 'failed') failures.inc({ code: event.code })
      else if (event.type === 'dead') dead.inc({ code: event.code }, event.records)
      else refused.inc({ code: event.code }, event.records)
    },
    queue({ depth, capacity, dead: letters }) {
      fill.set(depth / capacity)
      buried.set(letters)
    },
    onScrape: (probe) => void probes.push(probe),
    async text() {
      await Promise.all(probes.map((probe) => probe().catch(() => undefined)))
      const now = await snapshot()
      setAll(records, largest(now.records, named))
      const of = (value: (index: IndexState) => number): Map<string, number> => new Map([...now.indexes].map(([collection, index]) => [collection, value(index)]))
      setAll(pending, largest(of((index) => index.pending), named))
      setAll(bytes, largest(of((index) => index.bytes), named))
      const building = [...now.indexes].filter(([, { total }]) => total > 0)
      setAll(progress, largest(new Map(building.map(([collection, { done, total }]) => [collection, done / total])), named, 'drop'))
      models.set(now.modelsLoaded)
      resident.set(now.residentBytes)
      return { type: registry.contentType, body: await registry.metrics() }
    },
    list: () => list,
  }
}

/** A gauge that is absent until something is known: 0 would be taken for a value. */
function unset(configuration: GaugeConfiguration<string>): Gauge {
  const gauge = new Gauge(configuration)
  gauge.remove()
  return gauge
}

/** One series a collection, of those there are now. */
function setAll(gauge: Gauge<'collection'>, values: ReadonlyMap<string, number>): void {
  gauge.reset()
  values.forEach((value, collection) => gauge.set({ collection }, value))
}
