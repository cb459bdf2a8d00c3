import { build, of, quantile, rate, type Board } from './panels.js'
import type { DashboardJson } from './grafana.js'

const SEARCH = ', route="/v1/collections/:name/search"'

const backpressure: Board = {
  uid: 'cache-backpressure',
  title: 'Cache-Backpressure',
  description: 'Records that come faster than they are stored, and the cache whose TTL a controller moves',
  rows: [
    {
      title: 'Ingestion',
      panels: [
        { title: 'Queue', description: 'ingest_queue_fill_ratio: records that wait, of those that may. At 1 requests get 429.', unit: 'percentunit', max: 1, mark: 0.8, lines: [{ expr: of('ingest_queue_fill_ratio'), legend: '{{instance}}' }] },
        { title: 'Breaker', description: 'breaker_state: 0 closed, 1 open, 0.5 while one probe is under way.', unit: 'none', max: 1, lines: [{ expr: of('breaker_state'), legend: '{{instance}} {{target}}' }] },
        {
          title: 'Records',
          description: 'Accepted and stored a second. While more is accepted than stored, the queue grows.',
          unit: 'cps',
          lines: [{ expr: rate('ingest_accepted_total'), legend: 'accepted {{instance}}' }, { expr: rate('ingest_written_total'), legend: 'stored {{instance}}' }],
        },
        { title: 'Refused', description: 'Requests a second that were not accepted, by the code that they got.', unit: 'reqps', lines: [{ expr: rate('ingest_refused_total', ['code']), legend: '{{code}} {{instance}}' }] },
        { title: 'Dead letters', description: 'Records that could not be stored and are kept: `canopy queue dead` says why.', unit: 'none', mark: 1, lines: [{ expr: of('ingest_dead_letters'), legend: '{{instance}}' }] },
        { title: 'Dying', description: 'Records a second that became dead letters, by the code.', unit: 'cps', lines: [{ expr: rate('ingest_dead_total', ['code']), legend: '{{code}} {{instance}}' }] },
      ],
    },
    {
      title: 'Cache',
      panels: [
        { title: 'Hit ratio', description: 'redis_hit_ratio: share of reads that were hits in the last window. The controller moves it towards 0.45, or what you set.', unit: 'percentunit', max: 1, mark: 0.45, lines: [{ expr: of('redis_hit_ratio'), legend: '{{instance}}' }] },
        { title: 'TTL', description: 'cache_ttl_seconds: how long an answer is fresh, between a second and a day.', unit: 's', log: true, lines: [{ expr: of('cache_ttl_seconds'), legend: '{{instance}}' }] },
        { title: 'Integral', description: 'pid_integral: what the controller has added up, within ±5. At its limit the goal is out of reach.', unit: 'none', lines: [{ expr: of('pid_integral'), legend: '{{instance}}' }] },
        {
          title: 'Evictions',
          description: 'lmdb_evictions_total a second: `expired` had outlived themselves, `quota` had to make room while still fresh.',
          unit: 'cps',
          lines: [{ expr: rate('lmdb_evictions_total', ['cause']), legend: '{{cause}} {{instance}}' }],
        },
        { title: 'Memory', description: 'Resident memory of the process.', unit: 'bytes', lines: [{ expr: of('canopy_resident_bytes'), legend: '{{instance}}' }] },
        { title: 'Searches', description: 'Searches a second: what the cache does not answer ends here.', unit: 'reqps', lines: [{ expr: rate('canopy_http_request_seconds_count', [], SEARCH), legend: '{{instance}}' }] },
      ],
    },
  ],
}

const overview: Board = {
  uid: 'canopy-overview',
  title: 'Canopy overview',
  description: 'What servers are asked, how fast they answer, what they hold',
  rows: [
    {
      title: 'Requests',
      panels: [
        { title: 'Requests', description: 'A second, by route.', unit: 'reqps', lines: [{ expr: rate('canopy_http_request_seconds_count', ['route']), legend: '{{route}} {{instance}}' }] },
        { title: 'Failures', description: 'Share of requests that were answered with 5xx.', unit: 'percentunit', mark: 0.05, lines: [{ expr: `${rate('canopy_http_request_seconds_count', [], ', status=~"5.."')} / ${rate('canopy_http_request_seconds_count')}`, legend: '{{instance}}' }] },
        {
          title: 'Searches',
          description: 'How long half, 95 % and 99 % of searches took at most.',
          unit: 's',
          log: true,
          lines: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, 'canopy_http_request_seconds', SEARCH), legend: `p${q * 100} {{instance}}` })),
        },
        { title: 'Abandoned', description: 'Requests a second whose client went away; their work was stopped.', unit: 'reqps', lines: [{ expr: rate('canopy_http_cancelled_total', ['route']), legend: '{{route}} {{instance}}' }] },
        { title: 'Event loop', description: 'How late the event loop is, 99th percentile.', unit: 's', mark: 0.5, lines: [{ expr: of('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }] },
        { title: 'Processor', description: 'Cores in use.', unit: 'none', lines: [{ expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' }] },
      ],
    },
    {
      title: 'Contents',
      panels: [
        { title: 'Records', description: 'By collection.', unit: 'none', lines: [{ expr: of('canopy_records'), legend: '{{collection}} {{instance}}' }] },
        { title: 'Memory', description: 'Resident memory, and the part of it that vector indexes take beside the vectors.', unit: 'bytes', lines: [{ expr: of('canopy_resident_bytes'), legend: '{{instance}}' }, { expr: `sum by (instance) (${of('canopy_index_bytes')})`, legend: 'indexes {{instance}}' }] },
        { title: 'Indexes behind', description: 'Changes that a vector index has yet to take in; searches find them by scanning.', unit: 'none', lines: [{ expr: of('canopy_index_pending'), legend: '{{collection}} {{instance}}' }] },
        { title: 'Builds', description: 'How much of the build of an index that is under way is done.', unit: 'percentunit', max: 1, lines: [{ expr: of('canopy_index_build_ratio'), legend: '{{collection}} {{instance}}' }] },
        { title: 'Models', description: 'Embedding models whose weights are in memory.', unit: 'none', lines: [{ expr: of('canopy_models_loaded'), legend: '{{instance}}' }] },
        { title: 'Suggested links', description: 'haa_edges_total a second: links that common hyperedges suggested.', unit: 'cps', lines: [{ expr: rate('haa_edges_total'), legend: '{{instance}}' }] },
      ],
    },
    {
      title: 'Work elsewhere',
      panels: [
        {
          title: 'PostgreSQL',
          description: 'How long searches took there: the last one, and 95 % at most.',
          unit: 'ms',
          mark: 30,
          lines: [{ expr: of('pgvector_query_ms'), legend: 'last {{instance}}' }, { expr: quantile(0.95, 'pgvector_query_duration_ms'), legend: 'p95 {{instance}}' }],
        },
        {
          title: 'Speech',
          description: 'whisper_xrt: processing time over audio time of the last recording, and the median. Below 1 is faster than speech.',
          unit: 'none',
          lines: [{ expr: of('whisper_xrt'), legend: '{{device}} {{instance}}' }, { expr: quantile(0.5, 'whisper_xrt_ratio'), legend: 'median {{instance}}' }],
        },
        { title: 'Fallbacks', description: 'Recordings that the processor took over from a graphics card, in an hour.', unit: 'none', lines: [{ expr: `increase(${of('whisper_fallback_total')}[1h])`, legend: '{{instance}}' }] },
        { title: 'Privacy: decisions', description: 'Private answers a second that were allowed or refused.', unit: 'reqps', lines: [{ expr: rate('privacy_requests_total', ['allowed']), legend: 'allowed {{allowed}} {{instance}}' }] },
        { title: 'Privacy: left', description: 'ε that tenants had left after their last request.', unit: 'none', lines: [{ expr: of('privacy_epsilon_remaining'), legend: '{{tenant}} {{instance}}' }] },
      ],
    },
  ],
}

/** The dashboards of canopy, in Grafana's JSON. */
export function buildDashboards(): DashboardJson[] {
  return [backpressure, overview].map(build)
}
