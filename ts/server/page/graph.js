// Why a node is where it is: four drawings by Observable Plot, from what the API answers.
/* global Plot, d3 */

import { call } from './api.js'
import { plane } from './plane.js'

const find = (id) => document.getElementById(id)
const [form, query, choice, hops, status, panels, login] = ['form', 'query', 'graph', 'hops', 'status', 'panels', 'login'].map(find)
const LIMIT = 60
const LABELLED = 24
/** Hops from 0 on; told apart on light and dark ground. */
const HOPS = { type: 'ordinal', domain: [0, 1, 2, 3, 4, 5], range: ['#d9822b', '#3f7fd9', '#2f9e6e', '#b25fc2', '#7d8a93', '#c9483c'] }
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

let graphs = []
let running

function say(text, bad = false) {
  status.textContent = text
  status.classList.toggle('bad', bad)
}

function put(id, drawing) {
  const none = document.createElement('p')
  none.className = 'none'
  none.textContent = typeof drawing === 'string' ? drawing : ''
  document.querySelector(`#${id} div`).replaceChildren(typeof drawing === 'string' ? none : drawing)
}

const address = (node) => `/graph?${new URLSearchParams({ graph: choice.value, node, hops: hops.value })}`
const short = (id) => (id.length > 18 ? `${id.slice(0, 17)}…` : id)

/** Places nodes by forces; the same every time. */
function placed({ nodes, edges }) {
  const at = nodes.map(({ id, hop, diffusion }, i) => ({ id, hop, diffusion, x: Math.cos(2.4 * i) * 30 * hop, y: Math.sin(2.4 * i) * 30 * hop, ...(i === 0 ? { fx: 0, fy: 0 } : {}) }))
  const links = edges.map(({ source, target, weight }) => ({ source, target, weight }))
  d3.forceSimulation(at)
    .force('link', d3.forceLink(links).id(({ id }) => id).distance(40))
    .force('charge', d3.forceManyBody().strength(-120))
    .force('ring', d3.forceRadial(({ hop }) => hop * 90).strength(0.4))
    .force('apart', d3.forceCollide(12))
    .stop()
    .tick(240)
  return at
}

function network(explained) {
  const at = placed(explained)
  const places = new Map(at.map((node) => [node.id, node]))
  const attention = new Map(explained.attn.flatMap(({ node, targets, shares }) => targets.map((target, i) => [JSON.stringify([node, target]), shares[i]])))
  const of = (a, b) => Math.max(attention.get(JSON.stringify([a, b])) ?? 0, attention.get(JSON.stringify([b, a])) ?? 0)
  const lines = explained.edges.map(({ source, target, weight, similarity }) => ({ from: places.get(source), to: places.get(target), share: of(source, target), weight, similarity }))
  return Plot.plot({
    width: 560,
    height: 460,
    margin: 28,
    axis: null,
    x: { inset: 20 },
    y: { inset: 14 },
    r: { range: [3, 10] },
    color: { ...HOPS, legend: true },
    marks: [
      Plot.link(lines, { x1: ({ from }) => from.x, y1: ({ from }) => from.y, x2: ({ to }) => to.x, y2: ({ to }) => to.y, stroke: color('quiet'), strokeOpacity: 0.55, strokeWidth: ({ share }) => 0.6 + 5 * share, title: ({ from, to, share, weight, similarity }) => `${from.id} – ${to.id}\nattention ${share.toFixed(3)}, weight ${weight}, similarity ${similarity.toFixed(3)}` }),
      Plot.dot(at, { x: 'x', y: 'y', r: 'diffusion', fill: 'hop', stroke: color('card'), href: ({ id }) => address(id), target: null, title: ({ id, hop, diffusion }) => `${id}\n${hop} hops, diffusion ${diffusion.toFixed(4)}` }),
      Plot.text(at.slice(0, LABELLED), { x: 'x', y: 'y', text: ({ id }) => short(id), dy: -12, fontSize: 11, fill: color('ink'), stroke: color('card'), strokeWidth: 3 }),
    ],
  })
}

function attentionBars({ nodes: [{ id }], attn }) {
  const own = attn.find(({ node }) => node === id)
  if (own === undefined || own.targets.length === 0) return 'It has no edges.'
  const bars = own.targets.map((target, i) => ({ target, share: own.shares[i] })).toSorted((a, b) => b.share - a.share).slice(0, 20)
  return Plot.plot({
    width: 560,
    height: 60 + 20 * bars.length,
    marginLeft: 150,
    x: { label: 'attention', grid: true },
    y: { label: null, domain: bars.map(({ target }) => target), tickFormat: short },
    marks: [Plot.barX(bars, { x: 'share', y: 'target', fill: color('accent'), title: ({ target, share }) => `${target}: ${share.toFixed(4)}` }), Plot.ruleX([0])],
  })
}

function persistence({ dimensions, births, deaths }) {
  const points = dimensions.map((dimension, i) => ({ kind: dimension === 0 ? 'component' : 'loop', birth: births[i], death: deaths[i] }))
  if (points.length === 0) return 'There is nothing to show.'
  const most = Math.max(...points.flatMap(({ birth, death }) => [birth, death ?? birth])) || 1
  const roof = most * 1.12
  return Plot.plot({
    width: 560,
    height: 380,
    x: { label: 'birth', domain: [0, roof], grid: true },
    y: { label: 'death', domain: [0, roof], grid: true },
    color: { domain: ['component', 'loop'], range: [color('keyword'), color('bad')], legend: true },
    marks: [
      Plot.link([0], { x1: 0, y1: 0, x2: roof, y2: roof, stroke: color('quiet'), strokeDasharray: '4,4' }),
      Plot.dot(points, { x: 'birth', y: ({ death }) => death ?? roof, symbol: ({ death }) => (death === null ? 'triangle' : 'circle'), fill: 'kind', fillOpacity: 0.7, r: 4.5, title: ({ kind, birth, death }) => `${kind} from ${birth.toPrecision(4)} ${death === null ? 'on' : `to ${death.toPrecision(4)}`}` }),
    ],
  })
}

async function vectors(graph, nodes, signal) {
  const { collection } = graphs.find(({ name }) => name === graph) ?? {}
  const from = new URLSearchParams(location.search).get('vectors') ?? collection
  if (from === undefined || from === null) return 'No vectors yet: embed the graph, then add &vectors=collection to the address.'
  const read = async ({ id, hop }) => {
    const record = await call(`/v1/collections/${encodeURIComponent(from)}/records/${encodeURIComponent(id)}?vector=true`, { signal }).catch((error) => (error.name === 'AbortError' ? Promise.reject(error) : undefined))
    return record?.vector === undefined ? [] : [{ id, hop, vector: record.vector }]
  }
  const found = (await Promise.all(nodes.map(read))).flat()
  if (found.length < 3) return 'Fewer than three of these nodes have vectors.'
  const points = plane(found.map(({ vector }) => vector)).map(([x, y], i) => ({ ...found[i], x, y }))
  return Plot.plot({
    width: 560,
    height: 380,
    x: { label: 'first direction', grid: true, ticks: 5 },
    y: { label: 'second direction', grid: true, ticks: 5 },
    inset: 24,
    color: HOPS,
    marks: [
      Plot.dot(points, { x: 'x', y: 'y', fill: 'hop', r: 5, href: ({ id }) => address(id), target: null, title: ({ id }) => id }),
      Plot.text(points.slice(0, LABELLED), { x: 'x', y: 'y', text: ({ id }) => short(id), dy: -10, fontSize: 10, fill: color('ink') }),
    ],
  })
}

async function show() {
  const node = query.value
  if (choice.value === '' || node === '') return say(graphs.length === 0 ? 'There is no graph yet: canopy graph derive topics notes' : 'Type the id of a node.')
  history.replaceState(null, '', `${address(node)}${new URLSearchParams(location.search).has('vectors') ? `&vectors=${encodeURIComponent(new URLSearchParams(location.search).get('vectors'))}` : ''}`)
  running?.abort()
  running = new AbortController()
  const { signal } = running
  const started = performance.now()
  try {
    const where = new URLSearchParams({ graph: choice.value, hops: hops.value, limit: LIMIT })
    const explained = await call(`/explain/${encodeURIComponent(node)}?${where}`, { signal })
    const ms = performance.now() - started
    panels.hidden = false
    put('network', network(explained))
    put('attention', attentionBars(explained))
    const { change, baseline } = explained.fidelity
    say(`${explained.nodes.length} nodes, ${explained.edges.length} edges · ${ms.toFixed(0)} ms · without the edges that attention names the answer changes by ${(100 * change).toFixed(1)} %, without as many others by ${(100 * baseline).toFixed(1)} %`)
    find('download').href = `data:image/svg+xml;base64,${explained.svg}`
    find('download').hidden = false
    const part = new URLSearchParams({ node, hops: Math.min(hops.value, 2), limit: 500 })
    const [diagram, embedding] = await Promise.all([call(`/v1/graphs/${encodeURIComponent(choice.value)}/persistence?${part}`, { signal }).then(persistence), vectors(choice.value, explained.nodes, signal)])
    put('diagram', diagram)
    put('embedding', embedding)
    document.body.dataset.drawn = node
  } catch (error) {
    fail(error)
  }
}

function fail(error) {
  if (error.name === 'AbortError') return
  panels.hidden = true
  login.hidden = error.status !== 401
  say(error.status === 401 ? '' : error instanceof TypeError ? 'The server can’t be reached. Is it still running?' : error.message, true)
}

async function start() {
  try {
    ;({ graphs } = await call('/v1/graphs'))
    login.hidden = true
    const wanted = new URLSearchParams(location.search).get('graph')
    choice.replaceChildren(...graphs.map(({ name, nodes }) => new Option(`${name} (${nodes.toLocaleString()})`, name, false, name === wanted)))
    await show()
  } catch (error) {
    fail(error)
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void show()
})
for (const control of [choice, hops]) control.addEventListener('change', () => void show())
login.addEventListener('submit', (event) => {
  event.preventDefault()
  sessionStorage.setItem('key', find('key').value)
  void start()
})
query.value = new URLSearchParams(location.search).get('node') ?? ''
hops.value = new URLSearchParams(location.search).get('hops') ?? '2'
await start()
