import { setTimeout as sleep } from 'node:timers/promises'
import { estimateQueue } from '../../ts/index.js'
import { Ingest } from '../../ts/ingest/ingest.js'
import { eventually } from '../helpers/eventually.js'
import { conformGraphs } from '../helpers/graph-places.js'
import { alone } from '../helpers/neo4j.js'
import { serve } from '../helpers/server.js'
import { at } from '../helpers/services.js'
import { database, folder } from '../helpers/temp.js'
import { proxy } from '../helpers/toxi.js'

conformGraphs('nodes, edges and hyperedges go into a graph through the queue; what is wrong becomes dead letters', async (t, store) => {
  const graphs = await store(t)
  const db = await database(t)
  const queue = await Ingest.open(Object.assign(db, { graphs: () => graphs }), { dir: await folder(t), graphRemote: 'neo4j' })
  t.teardown(() => queue.close())
  const graph = await graphs.create('g')
  const first = await queue.pushGraph('g', [{ id: 'a', attributes: { x: 1 } }, { source: 'a', target: 'b', weight: 2 }, { id: 'h', members: ['a', 'b', 'c'] }], { idempotencyKey: 'k' })
  t.true((await queue.pushGraph('g', [{ id: 'a', attributes: { x: 1 } }, { source: 'a', target: 'b', weight: 2 }, { id: 'h', members: ['a', 'b', 'c'] }], { idempotencyKey: 'k' })).repeated)
  t.is(first.records, 3)
  await queue.pushGraph('g', [{ source: 'a', target: 'a' }, { source: 'b', target: 'c' }, { id: 'z', color: 'red' }])
  await queue.pushGraph('none', [{ id: 'lost' }])
  await queue.drained()
  t.like(await graph.info(), { nodes: 3, edges: 2, hyperedges: 1 })
  t.deepEqual((await graph.edges()).items.map(({ source, target, weight }) => [source, target, weight]), [['a', 'b', 2], ['b', 'c', 1]])
  t.deepEqual((await queue.dead()).map(({ collection, code }) => [collection, code]).toSorted(), [['graph/g', 'GRAPH_BATCH'], ['graph/g', 'GRAPH_SELF_LOOP'], ['graph/none', 'GRAPH_NOT_FOUND']])
  t.deepEqual(queue.breakers, { neo4j: 0 })
})

/** A series of metrics, as a scrape tells it. */
const metric = (text: string, name: string): number => Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN)

alone('toxiproxy')('neo4j: a burst at twice the sustainable rate, with the server taken away and brought back: drops below 1 %, OPEN → HALF_OPEN → CLOSED, nothing lost, nothing double', async (t) => {
  const through = await proxy(t, Number(new URL(at('neo4j')).port))
  const url = new URL(at('neo4j'))
  url.port = String(through.port)
  const [SECONDS, OUTAGE, SIZE] = [4, 1.5, 20]
  // So much, and no more, passes a second: what can be sustained doesn't depend on how busy this machine is.
  await through.add('bandwidth', { rate: 150 }, 'upstream')
  const settings = { 'graphs.url': url.href, 'ingest.whileOpen': 'queue', 'ingest.breakerFailures': 3, 'ingest.breakerResetMs': 300, 'ingest.batch': 200, 'ingest.flushMs': 0 }
  let sent = 0
  const items = (): object[] => Array.from({ length: SIZE }, () => ({ id: `node ${(sent += 1)}`, attributes: { text: 'x'.repeat(60) } }))
  const trial = await serve(t, settings)
  await trial.call('POST', '/v1/graphs', { name: 'g' })
  const depth = async (served: typeof trial): Promise<number> => (await served.call('GET', '/v1/ingest')).json['depth'] as number
  const began = performance.now()
  for (let i = 0; i < 100; i += 1) await trial.call('POST', '/v1/graphs/g/ingest', items())
  await eventually(async () => (await depth(trial)) === 0, 60)
  const service = (1000 * sent) / (performance.now() - began)
  await trial.stop()

  const arrival = 2 * service
  // The excess of the burst, and what comes while nothing is stored.
  const capacity = Math.ceil(1.5 * (estimateQueue({ arrival, service, burst: SECONDS }).capacity + arrival * OUTAGE))
  const served = await serve(t, { ...settings, 'ingest.capacity': capacity })
  const states: number[] = []
  const fills: number[] = []
  const watched = new AbortController()
  const watch = (async () => {
    for (; !watched.signal.aborted; await sleep(10)) {
      const { text } = await served.call('GET', '/metrics')
      const state = metric(text, 'breaker_state{target="neo4j"}')
      if (states.at(-1) !== state) states.push(state)
      fills.push(metric(text, 'ingest_queue_fill_ratio'))
    }
  })()
  const outage = (async () => {
    await sleep(SECONDS * 500)
    await through.enable(false)
    await sleep(OUTAGE * 1000)
    await through.enable(true)
  })()
  const before = sent
  let dropped = 0
  const requests: Array<Promise<void>> = []
  const start = performance.now()
  for (let i = 0; i < (arrival * SECONDS) / SIZE; i += 1) {
    const due = start + (1000 * i * SIZE) / arrival
    if (due > performance.now()) await sleep(due - performance.now())
    requests.push(served.call('POST', '/v1/graphs/g/ingest', items()).then(({ status }) => void (dropped += status === 202 ? 0 : SIZE)))
  }
  await Promise.all([...requests, outage])
  await eventually(async () => (await depth(served)) === 0, 120)
  watched.abort()
  await watch
  t.log(`μ ${Math.round(service)}/s, λ ${Math.round(arrival)}/s for ${SECONDS} s, K ${capacity}: ${dropped} of ${sent - before} dropped, fill ${Math.max(...fills).toFixed(2)}, breaker ${states.join(' ')}`)
  t.true(dropped < 0.01 * (sent - before), `${dropped} of ${sent - before}`)
  t.true(Math.max(...fills) > 0.3, 'the burst did fill the queue')
  t.is(states[0], 0)
  t.true(states.includes(1), 'OPEN')
  t.true(states.includes(0.5), 'HALF_OPEN')
  t.is(states.at(-1), 0, 'CLOSED')
  t.like((await served.call('GET', '/v1/graphs')).json, { graphs: [{ nodes: sent - dropped }] })
  t.is((await served.call('GET', '/v1/ingest')).json['dead'], 0)
})
