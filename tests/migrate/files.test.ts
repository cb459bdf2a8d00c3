import test from 'ava'
import { statements as cypherStatements, steps } from '../../ts/migrate/cypher.js'
import { readMigrations } from '../../ts/migrate/files.js'
import { Multiset } from '../../ts/stores/multiset.js'
import { canonical } from '../../ts/migrate/neo4j/contents.js'
import { statements as sqlStatements } from '../../ts/migrate/postgres/sql.js'
import { checkVersion } from '../../ts/stores/neo4j/connection.js'
import { rewrite, scripts } from '../helpers/scripts.js'
import { fails } from '../helpers/throws.js'

test('Cypher scripts fall apart at the right semicolons, and into steps', (t) => {
  const script = `// a; comment
    CREATE (n {a: 'x;''y\\';', b: "//;", \`c;\`\`\`: 1}) /* ; */;
    MATCH (n) SET n.x = 1 / 2;
    CREATE INDEX a FOR (n:A) ON (n.x);
    MATCH (n) CALL (n) { DELETE n } IN TRANSACTIONS OF 10 ROWS;
    MATCH (n {text: 'IN TRANSACTIONS'}) DELETE n;;`
  t.deepEqual(cypherStatements(script).map(({ kind }) => kind), ['data', 'data', 'schema', 'batched', 'data'])
  t.is(cypherStatements(script)[0]?.text, "CREATE (n {a: 'x;''y\\';', b: \"//;\", `c;```: 1})")
  t.deepEqual(steps(script).map(({ length }) => length), [2, 1, 1, 1])
})

test('SQL scripts fall apart at the right semicolons, and what ends a transaction is refused', (t) => {
  const script = `-- a; comment
    insert into a values ('x;''y', E'\\';', ";", 1 - 2 / 3);
    /* ; /* ; */ ; */ create function f() returns void as $b$ begin; commit; end; $b$ language plpgsql;
    create function g() returns int begin atomic select 1; select 2; end;
    do $$ begin raise notice ';'; end $$;
    select $1$2;;`
  t.deepEqual(sqlStatements(script, 'x').map((text) => text.slice(0, 20)), ['insert into a values', 'create function f() ', 'create function g() ', 'do $$ begin raise no', 'select $1$2'])
  for (const bad of ['commit', 'BEGIN', 'begin transaction', 'rollback to x', 'vacuum a', 'create index concurrently on a (x)', 'start  transaction']) t.throws(() => sqlStatements(`select 1; ${bad};`, 'x'), { code: 'MIGRATION_STATEMENT' }, bad)
})

test('a folder of migrations that can’t be is refused with the reason', async (t) => {
  const names = async (files: Record<string, string>): Promise<string[]> => (await readMigrations(await scripts(t, files), '.sql')).map(({ version, name }) => `${version} ${name}`)
  t.deepEqual(await names({ '10-b.sql': '', '9_a.sql': '', '2025-07-haa_index.sql': '', 'note.txt': '', '3-c.cypher': '' }), ['9 9_a', '10 10-b', '2025-07 2025-07-haa_index'])
  await fails(t, 'MIGRATION_NAME', () => names({ 'people.sql': '' }))
  await fails(t, 'MIGRATION_NAME', () => names({ '1-a.sql': '', '1-b.sql': '' }))
  await fails(t, 'MIGRATION_NAME', () => names({ '1-a.sql': '', '2-b.down.sql': '' }))
  await fails(t, 'MIGRATION_DIRECTIVE', () => names({ '1-a.sql': '-- changes: tables people' }))
  await fails(t, 'MIGRATION_FOLDER', () => readMigrations('/nowhere/at/all', '.sql'))
})

test('ends of lines change no checksum, anything else does', async (t) => {
  const folder = await scripts(t, { '1-a.sql': 'select 1;\nselect 2;\n' })
  const checksum = async (): Promise<string> => (await readMigrations(folder, '.sql'))[0]?.checksum ?? ''
  const before = await checksum()
  await rewrite(folder, { '1-a.sql': 'select 1;\r\nselect 2;\r\n' })
  t.is(await checksum(), before)
  await rewrite(folder, { '1-a.sql': 'select 1;\nselect  2;\n' })
  t.not(await checksum(), before)
})

test('checksums of contents see types and repetitions, and no order', (t) => {
  const of = (...values: string[]): string => {
    const set = new Multiset()
    for (const value of values) set.add(value)
    return set.contents.checksum
  }
  t.is(of('a', 'b', 'b'), of('b', 'a', 'b'))
  t.not(of('a', 'b', 'b'), of('a'))
  t.not(of('a', 'a'), of('b', 'b'))
  t.not(canonical(1n), canonical(1))
  t.not(canonical('1'), canonical(1))
  t.is(canonical({ b: 1, a: [Number.NaN] }), canonical({ a: [Number.NaN], b: 1 }))
})

test('servers that are too old are refused', (t) => {
  for (const agent of ['Neo4j/5.26.0', 'Neo4j/5.26.30', 'Neo4j/2025.10.1']) t.notThrows(() => checkVersion(agent), agent)
  for (const agent of ['Neo4j/4.4.39', 'Neo4j/5.25.1', 'Other/9.9', '']) t.throws(() => checkVersion(agent), { code: 'NEO4J_TOO_OLD' }, agent)
})
