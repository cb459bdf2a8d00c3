import { conformGraphs } from '../helpers/graph-places.js'
import { conform } from '../helpers/places.js'

// What would end a string, a name or a statement if a value became part of one.
const HOSTILE = [
  `'); drop table records; --`,
  `"; drop schema public cascade; --`,
  '$1',
  '$$; delete from records; $$',
  String.raw`\'; select pg_sleep(60); --`,
  '` }) DETACH DELETE n //',
  `' OR 1=1 //`,
  '{x: 1}) MATCH (m) DETACH DELETE m //',
  String.raw`\u0027 RETURN 1 //`,
]

conform('values that look like statements are values', async (t, database) => {
  const db = await database(t)
  const notes = await db.create(`it's "notes"; --`, { model: null })
  await notes.add([{ id: 'canary', text: 'still here' }, ...HOSTILE.map((text) => ({ id: text, text: `${text} tea`, metadata: { same: text, [text]: text } }))])
  for (const text of HOSTILE) {
    t.deepEqual((await notes.get(text))?.metadata, { same: text, [text]: text }, text)
    t.deepEqual((await notes.search({ text: 'tea', filter: { same: text } })).hits.map(({ id }) => id), [text], text)
    t.true((await notes.search(text)).hits.every(({ id }) => HOSTILE.includes(id)), text)
  }
  await notes.remove(HOSTILE)
  t.is((await notes.info()).count, 1)
  t.is((await notes.get('canary'))?.text, 'still here')
})

conformGraphs('names of nodes, attributes and hyperedges that look like statements are names', async (t, store) => {
  const graphs = await store(t)
  const graph = await graphs.create(`it's "g" \`; //`)
  await graph.writeBatch({
    nodes: HOSTILE.map((id) => ({ id, attributes: { [id]: id } })),
    edges: HOSTILE.map((id) => ({ source: 'canary', target: id, attributes: { [id]: id } })),
    hyperedges: HOSTILE.map((id) => ({ id, members: [id, 'canary'], attributes: { term: id } })),
  })
  t.like(await graph.info(), { nodes: HOSTILE.length + 1, edges: HOSTILE.length, hyperedges: HOSTILE.length })
  const nodes = (await graph.nodes()).items
  for (const id of HOSTILE) t.deepEqual(nodes.find((node) => node.id === id)?.attributes, { [id]: id }, id)
  await graph.writeBatch({ remove: { nodes: HOSTILE } })
  t.deepEqual((await graph.nodes()).items.map(({ id }) => id), ['canary'])
})
