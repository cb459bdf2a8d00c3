// A program that talks to a server: records through the durable queue, a search, and why a record is where it is.
//
//   canopy serve &
//   node examples/server/run.mjs [--url http://127.0.0.1:7700] [--key KEY]

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createClient, ok } from 'canopy-engine/client'

const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:7700' }, key: { type: 'string' } } })
const canopy = createClient({ url: values.url, key: values.key })
const mails = { params: { path: { name: 'mails' } } }

const { collections } = await ok(canopy.GET('/v1/collections'))
if (!collections.some(({ name }) => name === 'mails')) await ok(canopy.POST('/v1/collections', { body: { name: 'mails' } }))

// 202 means that it will be stored, whatever happens; a batch that is sent again under its key is stored once.
const body = [
  { id: 'invoice', text: 'The invoice for the heating is attached, please pay it until Friday', metadata: { from: 'landlord' } },
  { id: 'radiator', text: 'Somebody will come on Tuesday to repair the radiator in your kitchen', metadata: { from: 'landlord' } },
  { id: 'choir', text: 'We rehearse the motet on Thursday evening in the church', metadata: { from: 'choir' } },
  { id: 'concert', text: 'Tickets for the concert are sold at the door of the church', metadata: { from: 'choir' } },
]
const accepted = await ok(canopy.POST('/v1/collections/{name}/ingest', { ...mails, params: { ...mails.params, header: { 'idempotency-key': 'example-1' } }, body }))
console.log(`${accepted.records} records accepted${accepted.repeated ? ', again' : ''}`)
while ((await ok(canopy.GET('/v1/ingest'))).depth > 0) await sleep(20)

const { hits } = await ok(canopy.POST('/v1/collections/{name}/search', { ...mails, body: { text: 'when will the radiator be repaired?', limit: 2, filter: { from: 'landlord' } } }))
for (const { id, text, score } of hits) console.log(`${score.toFixed(3)}  ${id}: ${text}`)

// A graph of the collection: its records, the terms that they repeat, their nearest neighbours. Making it is a job.
const { graphs } = await ok(canopy.GET('/v1/graphs'))
if (!graphs.some(({ name }) => name === 'topics')) {
  const { response, error } = await canopy.POST('/v1/graphs', { body: { name: 'topics', collection: 'mails', neighbours: 2 } })
  if (error !== undefined) throw new Error(error.message)
  const id = /jobs\/([\w-]+)/.exec(response.headers.get('link') ?? '')?.[1] ?? ''
  while ((await ok(canopy.GET('/v1/jobs/{id}', { params: { path: { id } } }))).endedAt === null) await sleep(20)
}
const { nodes, attn } = await ok(canopy.GET('/explain/{node}', { params: { path: { node: 'radiator' }, query: { graph: 'topics', hops: 1 } } }))
const own = attn.find(({ node }) => node === 'radiator')
for (const { id } of nodes.slice(1, 4)) console.log(`radiator is joined to ${id}, which counts ${(own?.shares[own.targets.indexOf(id)] ?? 0).toFixed(2)}`)
