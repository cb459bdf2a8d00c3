// The only file that names prom-client: a change of library changes nothing else.
import type { IngestEvent } from '../ingest/ingest.js'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** What a scrape reads fresh. */
export interface Snapshot {
  records: ReadonlyMap<string, number>
  /** The vector indexes, by collection. */
  indexes: ReadonlyMap<string, { done: number; total: number; pending: number; bytes: number }>
  modelsLoaded: number
  residentBytes: number
}

/** The metrics of one server. */
export interface Metrics {
  /** One finished HTTP request. */
  request(method: string, route: string, status: number, seconds: number): void
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
  /** Something that happened to records that were taken in. */
  ingest(event: IngestEvent): void
  /** How full the ingestion queue is. */
  queue(stats: { depth: number; capacity: number; dead: number }): void
  /** Calls a function before every scrape. */
  onScrape(probe: () => Promise<void>): void
  /** The Prometheus text of now. */
  text(): Promise<{ type: string; body: string }>
}

/** Seconds; a search takes 0.1 to 50 ms, an import minutes. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** Milliseconds of a search in PostgreSQL: 1 to 30 with an index. */
const QUERY_BUCKETS = [0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 300, 1000, 10_000]

/** Processing time over audio time; 1 is as fast as speech. */
const XRT_BUCKETS = [0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5]

/** Metrics in a registry of their own, so that two servers in one process don't meet. */
export function createMetrics(snapshot: () => Promise<Snapshot>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram({ name: 'canopy_http_request_seconds', help: 'Duration of HTTP requests', labelNames: ['method', 'route', 'status'], buckets: BUCKETS, registers })
  const abandoned = new Counter({ name: 'canopy_http_cancelled_total', help: 'Requests whose client went away', labelNames: ['route'], registers })
  const records = new Gauge({ name: 'canopy_records', help: 'Records in a collection', labelNames: ['collection'], registers })
  const models = new Gauge({ name: 'canopy_models_loaded', help: 'Embedding models whose weights are in memory', registers })
  const resident = new Gauge({ name: 'canopy_resident_bytes', help: 'Resident memory as the core measures it', registers })
  const suggestions = new Counter({ name: 'haa_edges_total', help: 'Links suggested by common hyperedges', registers })
  const query = new Gauge({ name: 'pgvector_query_ms', help: 'Milliseconds of the last search in PostgreSQL', registers })
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
  const dead = new Counter({ name: 'ingest_dead_total', help: 'Accepted records that could not be stored', labelNames: ['code'], registers })
  const probes: Array<() => Promise<void>> = []
  return {
    request: (method, route, status, seconds) => duration.labels(method, route, String(status)).observe(seconds),
    cancelled: (route) => abandoned.inc({ route }),
    suggested: (links) => suggestions.inc(links),
    pgvector(ms) {
      query.set(ms)
      queries.observe(ms)
    },
    privacy(tenant, allowed, remaining) {
      decisions.inc({ tenant, allowed: String(allowed) })
      left.set({ tenant }, remaining)
    },
    transcribed({ device, xrt: ratio, fallbacks: count }) {
      xrt.set({ device }, ratio)
      xrts.observe({ device }, ratio)
      fallbacks.inc(count)
    },
    ingest(event) {
      if (event.type === 'breaker') breaker.set({ target: event.target }, event.state)
      else if (event.type === 'accepted') accepted.inc(event.records)
      else if (event.type === 'written') written.inc(event.records)
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
      records.reset()
      now.records.forEach((count, collection) => records.set({ collection }, count))
      ;[progress, pending, bytes].forEach((gauge) => gauge.reset())
      now.indexes.forEach((index, collection) => {
        if (index.total > 0) progress.set({ collection }, index.done / index.total)
        pending.set({ collection }, index.pending)
        bytes.set({ collection }, index.bytes)
      })
      models.set(now.modelsLoaded)
      resident.set(now.residentBytes)
      return { type: registry.contentType, body: await registry.metrics() }
    },
  }
}
