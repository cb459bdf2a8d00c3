import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { eventually } from '../helpers/eventually.js'
import { alone, cypher } from '../helpers/neo4j.js'
import { migrations, migrator, remove, rewrite, scripts } from '../helpers/scripts.js'
import { at } from '../helpers/services.js'
import { fails } from '../helpers/throws.js'

const onNeo4j = alone()
const OURS = fileURLToPath(new URL('../../../migrations', import.meta.url))
const PAIRS = 12_500

/** 100,000 suggestions: each pair eight times, four of them the other way round, with scores that only the best keeps. */
async function suggestions(): Promise<void> {
  await cypher('CREATE INDEX note FOR (n:Note) ON (n.id)')
  await cypher('UNWIND range(1, 500) AS i CREATE (:Note {id: i, name: "n" + i})')
  await cypher(
    `UNWIND range(0, ${PAIRS} - 1) AS pair UNWIND range(0, 7) AS copy
     WITH pair, copy, 1 + pair % 250 AS low, 251 + (pair / 250 + pair) % 250 AS high
     MATCH (a:Note {id: low}), (b:Note {id: high})
     CREATE (a)-[:SUGGESTED_HYPER_AA {
       startNodeId: CASE WHEN copy % 2 = 0 THEN low ELSE high END, endNodeId: CASE WHEN copy % 2 = 0 THEN high ELSE low END,
       score: CASE WHEN copy = 6 THEN 0.0 / 0.0 WHEN copy = 7 THEN null ELSE toFloat((pair * 7 + copy * 3) % 11) / 10 END}]->(b)`,
  )
}

const best = (pair: number): number => Math.max(...[0, 1, 2, 3, 4, 5].map((copy) => ((pair * 7 + copy * 3) % 11) / 10))

onNeo4j('neo4j: 2025-07-haa_index over 100,000 suggestions leaves one a pair with the best score, and goes back', async (t) => {
  const made = performance.now()
  await suggestions()
  t.log(`made in ${Math.round(performance.now() - made)} ms`)
  const count = async (): Promise<number> => (await cypher<{ n: number }>('MATCH ()-[r:SUGGESTED_HYPER_AA]->() RETURN count(r) AS n'))[0]?.n ?? 0
  t.is(await count(), 8 * PAIRS)
  const runs = await migrations(t, at('neo4j'), { folder: OURS })
  t.deepEqual(await runs.validate(), ['2025-07-haa_index'])
  const began = performance.now()
  const [tried] = await runs.dryRun()
  t.regex(String(tried), /ran and was taken back/)
  t.is(await count(), 8 * PAIRS, 'a rehearsal leaves no trace')
  t.deepEqual(await cypher('MATCH (n) WHERE NOT n:Note RETURN n'), [])
  const rehearsed = performance.now()
  const [report] = await runs.up()
  t.log(`rehearsal ${Math.round(rehearsed - began)} ms, up ${Math.round(performance.now() - rehearsed)} ms`)
  t.is(report?.before['relationships SUGGESTED_HYPER_AA']?.count, 8 * PAIRS)
  t.is(report?.after['relationships SUGGESTED_HYPER_AA']?.count, PAIRS)
  const left = await cypher<{ low: number; high: number; n: number; score: number }>('MATCH ()-[r:SUGGESTED_HYPER_AA]->() RETURN r.startNodeId AS low, r.endNodeId AS high, count(r) AS n, max(r.score) AS score')
  t.true(left.every(({ n, low, high }) => n === 1 && low <= high), 'no duplicate is left')
  const scores = new Map(left.map(({ low, high, score }) => [`${low} ${high}`, score]))
  const wrong = Array.from({ length: PAIRS }, (_, pair) => pair).filter((pair) => scores.get(`${1 + (pair % 250)} ${251 + ((Math.floor(pair / 250) + pair) % 250)}`) !== best(pair))
  t.deepEqual(wrong, [])
  await t.throwsAsync(() => cypher('MATCH (a:Note {id: 1})-[r:SUGGESTED_HYPER_AA]->(b) WITH a, b, r LIMIT 1 CREATE (a)-[:SUGGESTED_HYPER_AA {startNodeId: r.startNodeId, endNodeId: r.endNodeId, score: 1.0}]->(b)'), { message: /already exists/ })
  t.like((await runs.info())[0], { name: '2025-07-haa_index', state: 'applied', canUndo: true })
  t.deepEqual(await runs.up(), [])
  t.deepEqual(await cypher('MATCH (s:CanopyMigrationStash) RETURN s'), [])
  await runs.down()
  t.deepEqual(await cypher("SHOW CONSTRAINTS YIELD name WHERE name = 'haa_pair'"), [])
  t.is((await runs.info())[0]?.state, 'pending')
})

/** A small graph with every kind of content, and what it holds as text. */
async function people(): Promise<void> {
  await cypher(`CREATE (a:Person:Admin {name: 'Ann', born: date('1980-02-29'), scores: [1, 2], weight: 1.0, place: point({x: 1, y: 2})}), (b:Person {name: 'Bob', weight: 1}), (c:City {name: 'Rome'}),
    (a)-[:KNOWS {since: 2001, why: 'work'}]->(b), (b)-[:KNOWS {since: 2001}]->(a), (a)-[:LIVES_IN]->(c)`)
}

async function everything(): Promise<string> {
  const nodes = await cypher('MATCH (n) WHERE none(label IN labels(n) WHERE label STARTS WITH "Canopy") RETURN labels(n) AS labels, properties(n) AS properties')
  const links = await cypher('MATCH (a)-[r]->(b) RETURN a.name AS a, type(r) AS type, properties(r) AS properties, b.name AS b')
  const schema = await cypher("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' AND NOT name STARTS WITH 'canopy_' RETURN name ORDER BY name")
  return JSON.stringify([...nodes, ...links].map((row) => JSON.stringify(row, sorted)).toSorted().concat(JSON.stringify(schema)))
}

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value

const HALF_WAY = {
  '1-start.cypher': '// changes: nodes Nothing\nCREATE INDEX person_name FOR (p:Person) ON (p.name);',
  '2-break.cypher': `// changes: nodes Person, relationships KNOWS, relationships LIVES_IN
// keeps: nodes City
MATCH (p:Person {name: 'Ann'}) DETACH DELETE p;
MATCH (p:Person) SET p:Human, p.name = toUpper(p.name) REMOVE p.weight;
CREATE (:Person {name: 'Eve'});
DROP INDEX person_name;
CREATE CONSTRAINT person_key FOR (p:Person) REQUIRE p.key IS UNIQUE;
MATCH (p:Person) SET p.key = 1;
CREATE (:Person {key: 1});`,
  '2-break.down.cypher': 'DROP CONSTRAINT person_key IF EXISTS; THIS IS NO CYPHER;',
}

onNeo4j('neo4j: a migration that fails half-way is put back: nodes, relationships, labels, indexes, even where the script that undoes it fails', async (t) => {
  await people()
  const folder = await scripts(t, HALF_WAY)
  const runs = await migrations(t, at('neo4j'), { folder })
  await runs.up({ to: '1' })
  const before = await everything()
  const error = await fails(t, 'MIGRATION_FAILED', () => runs.up())
  t.regex(error?.message ?? '', /as it was before.*already exists/s)
  t.is(await everything(), before)
  t.deepEqual((await runs.info()).map(({ state }) => state), ['applied', 'pending'])
})

onNeo4j('neo4j: a migration that changes what it keeps, or misses what it expects, is put back', async (t) => {
  await people()
  const before = await everything()
  const folder = await scripts(t, { '1-a.cypher': '// changes: nodes City\n// keeps: nodes Person\nMATCH (p:Person {name: "Bob"}) SET p.weight = 1.0;' })
  const runs = await migrations(t, at('neo4j'), { folder })
  // The number stays, its type changes: neither counts nor sums would see it. What isn't copied can't be put back.
  t.regex((await fails(t, 'MIGRATION_ROLLBACK', () => runs.up()))?.message ?? '', /nodes Person/)
  t.is((await runs.info())[0]?.state, 'half')
  await fails(t, 'MIGRATION_HALF', () => runs.validate())
  await fails(t, 'MIGRATION_ROLLBACK', () => runs.repair())
  await cypher('MATCH (p:Person {name: "Bob"}) SET p.weight = toInteger(1)')
  t.regex((await runs.repair()).join(), /put back/)
  t.is(await everything(), before)
  await rewrite(folder, { '1-a.cypher': '// changes: nodes City\n// expect: MATCH (c:City) RETURN count(c) = 2\nMATCH (c:City) SET c.name = "Roma";' })
  t.regex((await fails(t, 'MIGRATION_FAILED', () => runs.up()))?.message ?? '', /expects/)
  t.is(await everything(), before)
  await fails(t, 'MIGRATION_FAILED', () => runs.dryRun())
  await rewrite(folder, { '1-a.cypher': 'MATCH (c:City) SET c.name = "Roma";' })
  await fails(t, 'MIGRATION_DIRECTIVE', () => runs.up())
  t.is(await everything(), before)
})

/** Runs a migration in another process, and kills that in the middle of its second step. */
async function killed(t: ExecutionContext, folder: string, url = at('neo4j')): Promise<void> {
  const child = migrator(t, url, folder)
  await eventually(async () => (await cypher('MATCH (p:Person {changed: true}) RETURN p')).length > 0)
  await sleep(200)
  child.kill('SIGKILL')
  await once(child, 'close')
}

const SLOW = { '1-slow.cypher': '// changes: nodes Person, relationships KNOWS\nMATCH (p:Person) SET p.changed = true; MATCH (:Person)-[r:KNOWS]->() DELETE r;\nCREATE INDEX person_changed FOR (p:Person) ON (p.changed);\nUNWIND range(1, 2000000000) AS x WITH count(x) AS n MERGE (:Person {n: n});' }

onNeo4j('neo4j: a migrator that is killed in the middle leaves what repair puts back', async (t) => {
  await people()
  const before = await everything()
  const folder = await scripts(t, SLOW)
  await killed(t, folder)
  const runs = await migrations(t, at('neo4j'), { folder })
  t.not(await everything(), before)
  t.is((await runs.info())[0]?.state, 'half')
  await fails(t, 'MIGRATION_HALF', () => runs.validate())
  // What undoes it is in the database: the files may be gone.
  await remove(folder, '1-slow.cypher')
  t.regex((await runs.repair()).join(), /1-slow: what was half done is put back/)
  t.is(await everything(), before)
  t.deepEqual(await runs.info(), [])
  t.deepEqual(await cypher('MATCH (s:CanopyMigrationStash) RETURN s'), [])
})

onNeo4j('neo4j: two migrators at once: one waits, or is told who is at work', async (t) => {
  await people()
  const folder = await scripts(t, { '1-once.down.cypher': 'RETURN 1;', '1-once.cypher': '// changes: nodes Person\nUNWIND range(1, 3000000) AS x WITH count(x) AS n MATCH (p:Person) SET p.runs = coalesce(p.runs, 0) + 1;' })
  const all = await Promise.all([1, 2, 3].map(() => migrations(t, at('neo4j'), { folder, waitMs: 20_000 })))
  const reports = await Promise.all(all.map((runs) => runs.up()))
  t.deepEqual(reports.map(({ length }) => length).toSorted(), [0, 0, 1])
  t.deepEqual(await cypher('MATCH (p:Person) RETURN DISTINCT p.runs AS runs'), [{ runs: 1 }])
  await all[0]?.down()
  const slow = await scripts(t, SLOW)
  const child = migrator(t, at('neo4j'), slow)
  await eventually(async () => (await cypher('MATCH (p:Person {changed: true}) RETURN p')).length > 0)
  const hasty = await migrations(t, at('neo4j'), { folder, waitMs: 0 })
  t.regex((await fails(t, 'MIGRATION_LOCKED', () => hasty.up()))?.message ?? '', /being run by/)
  child.kill('SIGKILL')
  await once(child, 'close')
})

onNeo4j('neo4j: files that are edited, missing or late after they ran are refused, and repair takes them over', async (t) => {
  const folder = await scripts(t, { '2-two.cypher': 'CREATE INDEX two FOR (p:Two) ON (p.x);', '10-ten.cypher': 'CREATE INDEX ten FOR (p:Ten) ON (p.x);', '10-ten.down.cypher': 'DROP INDEX ten;' })
  const runs = await migrations(t, at('neo4j'), { folder })
  t.deepEqual((await runs.up()).map(({ name }) => name), ['2-two', '10-ten'])
  await rewrite(folder, { '2-two.cypher': 'CREATE INDEX two FOR (p:Two) ON (p.y);' })
  await fails(t, 'MIGRATION_CHANGED', () => runs.up())
  t.deepEqual((await runs.info()).map(({ state }) => state), ['changed', 'applied'])
  await runs.repair()
  t.deepEqual(await runs.validate(), [])
  await rewrite(folder, { '9-late.cypher': 'CREATE INDEX late FOR (p:Late) ON (p.x);' })
  t.is((await runs.info())[1]?.state, 'late')
  await fails(t, 'MIGRATION_ORDER', () => runs.up())
  await remove(folder, '9-late.cypher')
  await fails(t, 'MIGRATION_UNKNOWN', () => runs.up({ to: '11' }))
  t.deepEqual((await runs.down()).map(({ name }) => name), ['10-ten'])
  await fails(t, 'MIGRATION_NO_DOWN', () => runs.down())
  await remove(folder, '2-two.cypher')
  await fails(t, 'MIGRATION_MISSING', () => runs.up())
  await runs.repair()
  t.deepEqual((await runs.info()).map(({ name }) => name), ['10-ten'])
})

onNeo4j('neo4j: the place is wrong, and says so', async (t) => {
  const folder = path.join(OURS)
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(at('neo4j'))
    change(url)
    return url.href
  }
  await fails(t, 'NEO4J_AUTH', () => migrations(t, wrong((url) => (url.password = 'wrong')), { folder }))
  await fails(t, 'NEO4J_UNREACHABLE', () => migrations(t, wrong((url) => (url.port = '1')), { folder }))
  await fails(t, 'NEO4J_DATABASE', () => migrations(t, wrong((url) => (url.pathname = '/nowhere')), { folder }))
  await fails(t, 'NEO4J_ADDRESS', () => migrations(t, 'neo4j://', { folder }))
  await fails(t, 'MIGRATION_FOLDER', async () => (await migrations(t, at('neo4j'), { folder: '/nowhere/at/all' })).info())
})
