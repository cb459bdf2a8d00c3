import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../lib/run.mjs'
import { Missing } from '../lib/say.mjs'
import { alive, check, detach, end, freePort, home, listening, need, once, sha256, tail, until } from './lib.mjs'

const VERSION = '5.26.30'
/** Of the names and contents of all its jars. */
const SUM = '3dbd87c057cf3eee63575b5c056d23047ce27e43b2842391403144d0ae79c4d2'
const ARTIFACTS = [['org.neo4j', 'neo4j'], ['org.neo4j.app', 'neo4j-server'], ['org.neo4j', 'neo4j-slf4j-provider']]
const WORD = 'CanopyNeo4j'
const LAUNCHER = `import org.neo4j.server.*;
public class ${WORD} { public static void main(String[] a) { int s = NeoBootstrapper.start(new CommunityBootstrapper(), a); if (s != 0) System.exit(s); } }
`
const OPENS = ['java.nio', 'java.io', 'java.lang', 'sun.nio.ch'].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
const PASSWORD = 'canopy-test'

/** Neo4j's Community server out of the Maven repository that mvn is set to. */
export const neo4j = {
  platforms: ['linux', 'darwin'],
  async up() {
    const classes = await installed()
    const port = await freePort()
    const folder = home('neo4j', `data-${port}`)
    const env = { CANOPY_SERVICES_PORT: String(port) }
    mkdirSync(path.join(folder, 'conf'), { recursive: true })
    writeFileSync(path.join(folder, 'conf', 'neo4j.conf'), settings(port))
    const admin = await run(java('java'), [...OPENS, `-Dbasedir=${folder}`, '-cp', classes, 'org.neo4j.server.startup.Neo4jAdminCommand', 'dbms', 'set-initial-password', PASSWORD], { quiet: true, check: false, env: { ...env, HEAP_SIZE: '128m' } })
    if (admin.code !== 0) throw new Error(`Neo4j refused its password:\n${admin.output}`)
    const log = path.join(folder, 'out')
    const pid = await detach(java('java'), ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...OPENS, '-cp', classes, WORD, `--home-dir=${folder}`, `--config-dir=${path.join(folder, 'conf')}`], { log, env })
    await until(async () => /Started\.$/m.test(tail(path.join(folder, 'logs', 'neo4j.log'), 50)), { seconds: 120, pid, word: WORD, log, what: 'Neo4j' })
    return { url: `bolt://neo4j:${PASSWORD}@127.0.0.1:${port}`, port, pid, folder }
  },
  healthy: async ({ pid, port }) => alive(pid, WORD) && listening(port),
  down: ({ pid }) => end(pid, WORD, { seconds: 30 }),
}

const java = (name) => (process.env.JAVA_HOME === undefined ? name : path.join(process.env.JAVA_HOME, 'bin', name))

async function installed() {
  const jars = home('neo4j', `jars-${VERSION}`)
  const launcher = home('neo4j', `launcher-${VERSION}`)
  need(java('java'), 'Neo4j runs on Java 17 or newer (Debian: openjdk-17-jdk-headless), in JAVA_HOME or on the PATH')
  await once(jars, async () => {
    need('mvn', 'Neo4j’s jars come from a Maven repository. Install Maven (Debian: maven).')
    writeFileSync(path.join(jars, 'pom.xml'), pom())
    // -C: a file whose checksum is not that of its repository ends the download.
    await run('mvn', ['-q', '-B', '-C', '-f', path.join(jars, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`], { quiet: true })
    check(`Neo4j ${VERSION}`, digest(jars), SUM)
  })
  await once(launcher, async () => {
    need(java('javac'), 'the launcher of Neo4j is one line of Java. Install a JDK, not only a JRE (Debian: openjdk-17-jdk-headless).')
    writeFileSync(path.join(launcher, `${WORD}.java`), LAUNCHER)
    const { code, output } = await run(java('javac'), ['-proc:none', '-cp', `${jars}/*`, '-d', launcher, path.join(launcher, `${WORD}.java`)], { quiet: true, check: false })
    if (code !== 0) throw new Missing(`Neo4j ${VERSION} needs a JDK of version 17 or newer:\n${output.slice(-2000)}`)
  })
  return `${launcher}:${jars}/*`
}

function digest(folder) {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.jar')).toSorted()) hash.update(`${name} ${sha256(path.join(folder, name))}\n`)
  return hash.digest('hex')
}

function pom() {
  const dependencies = ARTIFACTS.map(([group, name]) => `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${VERSION}</version></dependency>`)
  return `<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>\n`
}

/** Small, without telemetry, and quick to stop. */
function settings(port) {
  return `server.bolt.listen_address=127.0.0.1:${port}
server.bolt.advertised_address=127.0.0.1:${port}
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
dbms.security.auth_minimum_password_length=1
server.memory.pagecache.size=128m
db.tx_log.preallocate=false
db.tx_log.rotation.size=8m
db.memory.transaction.max=0
internal.server.bolt.connection_shutdown_wait_time=0s
internal.server.bolt.thread_pool_shutdown_wait_time=1s
`
}
