// The search page: plain modules, no build, nothing from elsewhere.

import { call } from './api.js'

const PAUSE_MS = 80
const PAGE = 20

const find = (id) => document.getElementById(id)
const form = find('form')
const query = find('query')
const collection = find('collection')
const mode = find('mode')
const status = find('status')
const results = find('results')
const empty = find('empty')
const login = find('login')
const template = find('result')

let running
let timer
/** Graphs by the collection that they follow. */
let graphs = new Map()

function say(text, bad = false) {
  status.textContent = text
  status.classList.toggle('bad', bad)
}

function showEmpty(text) {
  empty.textContent = text
  empty.hidden = text === ''
}

/** Shows an error where the answer would be. */
function fail(error) {
  if (error.name === 'AbortError') return
  results.replaceChildren()
  showEmpty('')
  login.hidden = error.status !== 401
  if (error.status === 401) {
    find('key').focus()
    say(sessionStorage.getItem('key') === null ? '' : 'The server refuses this key.', true)
    return
  }
  say(error instanceof TypeError ? 'The server can’t be reached. Is it still running?' : error.message, true)
}

async function loadCollections() {
  const { collections } = await call('/v1/collections')
  login.hidden = true
  const wanted = new URLSearchParams(location.search).get('in') ?? collection.value
  collection.replaceChildren(...collections.map(({ name, count }) => new Option(`${name} (${count.toLocaleString()})`, name, false, name === wanted)))
  graphs = new Map((await call('/v1/graphs').catch(() => ({ graphs: [] }))).graphs.map((graph) => [graph.collection, graph.name]))
  if (collections.length === 0) {
    say('')
    showEmpty('There is no collection yet. Add one: canopy add notes "some text"')
    return false
  }
  return true
}

/** One search at a time: a newer one aborts the older, and the server stops working on it. */
async function run(path, body, what) {
  running?.abort()
  running = new AbortController()
  const { signal } = running
  const started = performance.now()
  try {
    for (;;) {
      try {
        const answer = await call(path, { body, signal })
        show(answer, performance.now() - started, what)
        return
      } catch (error) {
        if (error.status !== 503 || body?.wait !== false) throw error
        say('The model is loading…')
        await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000))
        signal.throwIfAborted()
      }
    }
  } catch (error) {
    fail(error)
  }
}

function search() {
  const text = query.value.trim()
  remember(text)
  if (collection.value === '') return
  if (text === '') {
    running?.abort()
    results.replaceChildren()
    say('')
    showEmpty('Type a question or a few words.')
    return
  }
  void run(`/v1/collections/${encodeURIComponent(collection.value)}/search`, { text, mode: mode.value, limit: PAGE, highlight: { length: 280, fragments: 1 }, wait: false }, '')
}

function similar(id) {
  void run(`/v1/collections/${encodeURIComponent(collection.value)}/records/${encodeURIComponent(id)}/similar?limit=${PAGE}`, undefined, ` like ${id}`)
}

function remember(text) {
  const address = new URLSearchParams({ ...(text === '' ? {} : { q: text }), ...(collection.value === '' ? {} : { in: collection.value }), ...(mode.value === 'hybrid' ? {} : { mode: mode.value }) })
  history.replaceState(null, '', `?${address}`)
}

function show({ hits, mode: ran, notes, tookMs }, roundTripMs, what) {
  login.hidden = true
  results.replaceChildren(...hits.map(card))
  const count = `${hits.length === PAGE ? 'The best ' : ''}${hits.length} result${hits.length === 1 ? '' : 's'}${what}`
  const ways = { hybrid: 'words and meaning', keyword: 'words', vector: 'meaning' }
  say([count, `${tookMs.toFixed(1)} ms in the engine, ${roundTripMs.toFixed(0)} ms in all`, `by ${ways[ran] ?? ran}`, ...notes].join(' · '))
  showEmpty(hits.length === 0 ? 'Nothing found. Try other words, or search by meaning.' : '')
}

function card(hit) {
  const item = template.content.cloneNode(true)
  const [fragment] = hit.highlights ?? []
  item.querySelector('.text').append(...(fragment === undefined ? [hit.text ?? ''] : marked(fragment)))
  item.querySelector('.id').textContent = hit.id
  const { when, rest } = moment(hit.metadata ?? {})
  item.querySelector('.fields').append(...when, Object.entries(rest).map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(' · '))
  item.querySelector('.scores').append(score('score', hit.score), ...Object.entries(hit.scores ?? {}).map(([name, value]) => score(name, value)))
  const graph = graphs.get(collection.value)
  const why = item.querySelector('.why')
  why.hidden = graph === undefined
  if (graph !== undefined) why.href = `/graph?${new URLSearchParams({ graph, node: hit.id })}`
  item.querySelector('.similar').addEventListener('click', () => similar(hit.id))
  return item
}

/** Where in a recording a hit was said, as a link where the recording has an address, and what else is known of it. */
function moment({ source, start, end, ...rest }) {
  if (typeof source !== 'string' || typeof start !== 'number' || typeof end !== 'number') return { when: [], rest: { ...(source === undefined ? {} : { source }), ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }), ...rest } }
  const [hours, minutes, seconds] = [start / 3600, (start / 60) % 60, start % 60].map(Math.floor)
  const clock = [...(hours > 0 ? [hours] : []), minutes, seconds].map((part, i) => (i === 0 ? part : String(part).padStart(2, '0'))).join(':')
  const place = document.createElement(/^https?:\/\//.test(source) ? 'a' : 'span')
  place.className = 'moment'
  place.textContent = `${source} at ${clock}`
  // A media fragment: players begin there.
  if (place instanceof HTMLAnchorElement) Object.assign(place, { href: `${source.split('#', 1)[0]}#t=${start}`, rel: 'noreferrer' })
  return { when: [place, ' '], rest }
}

/** The fragment as text and <mark>s, built from the spans: no HTML is ever parsed. */
function marked({ text, spans }) {
  const parts = []
  let at = 0
  for (const [start, end] of spans) {
    const mark = document.createElement('mark')
    mark.textContent = text.slice(start, end)
    parts.push(text.slice(at, start), mark)
    at = end
  }
  return [...parts, text.slice(at)]
}

function score(name, value) {
  const group = document.createElement('div')
  const term = document.createElement('dt')
  const number = document.createElement('dd')
  term.textContent = name
  term.className = name
  number.textContent = value.toFixed(3)
  group.append(term, number)
  return group
}

function move(step) {
  const cards = [...results.querySelectorAll('article')]
  const at = cards.indexOf(document.activeElement?.closest('article'))
  const next = at + step
  if (next < 0) query.focus()
  else cards[Math.min(next, cards.length - 1)]?.focus()
}

query.addEventListener('input', () => {
  clearTimeout(timer)
  timer = setTimeout(search, PAUSE_MS)
})
form.addEventListener('submit', (event) => {
  event.preventDefault()
  clearTimeout(timer)
  search()
})
collection.addEventListener('change', search)
mode.addEventListener('change', search)
login.addEventListener('submit', (event) => {
  event.preventDefault()
  sessionStorage.setItem('key', find('key').value)
  void start()
})
document.addEventListener('keydown', (event) => {
  const { activeElement } = document
  const typing = activeElement instanceof HTMLInputElement || activeElement instanceof HTMLSelectElement
  if (event.key === '/' && !typing) {
    event.preventDefault()
    query.focus()
    query.select()
  } else if (event.key === 'Escape' && activeElement !== query) {
    query.focus()
    search()
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !(activeElement instanceof HTMLSelectElement)) {
    event.preventDefault()
    move(event.key === 'ArrowDown' ? 1 : -1)
  } else if (event.key === 'Enter' && activeElement?.tagName === 'ARTICLE') {
    similar(activeElement.querySelector('.id').textContent)
  }
})

async function start() {
  try {
    if (await loadCollections()) search()
  } catch (error) {
    fail(error)
  }
}

const address = new URLSearchParams(location.search)
query.value = address.get('q') ?? ''
mode.value = address.get('mode') ?? 'hybrid'
await start()
