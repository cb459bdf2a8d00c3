import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { schemaUrl } from '../helpers/places.js'
import { at, endpoint, type ServiceName } from '../helpers/services.js'
import { folder } from '../helpers/temp.js'

/** What a bare machine hasn't: these blocks are linted elsewhere, or run by scripts/pack-test.mjs. */
const ELSEWHERE = new Set(['npm', 'root', 'docker', 'grafana'])
const SERVERS = ['postgres', 'neo4j', 'redis', 'prometheus'] as const

/** The addresses that stand in the page. */
const ADDRESSES: Partial<Record<ServiceName, string>> = {
  postgres: 'postgres://canopy:secret@db.example:5432/app?schema=canopy',
  neo4j: 'bolt://neo4j:secret@graph.example:7687',
  redis: 'redis://:secret@cache.example:6379',
}

interface Block {
  tag: string
  text: string
}

const blocks: readonly Block[] = [...readFileSync('docs/production.md', 'utf8').matchAll(/```sh ?(\w*)\n([^]*?)```/g)].map(([, tag = '', text = '']) => ({ tag, text }))

function bash(script: string, cwd: string, env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['--norc', '-e', '-o', 'pipefail', '-c', script], { cwd, env: { ...env, HOME: cwd, NO_COLOR: '1' } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A folder where `canopy` is a command, as an installation puts it on the path. */
async function machine(t: ExecutionContext): Promise<{ dir: string; env: Record<string, string> }> {
  const dir = await folder(t)
  await mkdir(path.join(dir, 'bin'))
  await writeFile(path.join(dir, 'bin', 'canopy'), `#!/bin/sh\nexec '${process.execPath}' '${path.resolve('dist/cli/main.js')}' "$@"\n`, { mode: 0o755 })
  const own = [path.join(dir, 'bin'), ...(endpoint('prometheus') === undefined ? [] : [at('prometheus')]), process.env['PATH'] ?? '']
  return { dir, env: { PATH: own.join(path.delimiter) } }
}

test('the page is made of blocks that are run, or say why not', (t) => {
  t.true(blocks.length >= 12, String(blocks.length))
  for (const { tag } of blocks) t.true(tag === '' || ELSEWHERE.has(tag) || SERVERS.includes(tag as (typeof SERVERS)[number]), tag)
  for (const [name, address] of Object.entries(ADDRESSES)) t.true(blocks.some(({ tag, text }) => tag === name && text.includes(address)), name)
})

test('the way from an empty machine to a server, step by step', async (t) => {
  t.timeout(300_000)
  const { dir, env } = await machine(t)
  const port = String(await freePort())
  const missing = SERVERS.filter((name) => endpoint(name) === undefined)
  const outputs: string[] = []
  for (const { tag, text } of blocks) {
    if (ELSEWHERE.has(tag) || missing.includes(tag as (typeof SERVERS)[number])) continue
    const address = ADDRESSES[tag as ServiceName]
    const own = address === undefined ? text : text.replaceAll(address, tag === 'postgres' ? schemaUrl(t) : at(tag as ServiceName))
    const { code, output } = await bash(own.replaceAll('7700', port).replaceAll('/opt/canopy/node_modules/canopy-engine', path.resolve('.')), dir, env)
    t.is(code, 0, `${text}\n${output}`)
    outputs.push(output)
  }
  const said = outputs.join('\n')
  t.true((said.match(/Green tea/g) ?? []).length >= (missing.includes('postgres') ? 2 : 3), said)
  t.regex(said, /"hits":\[\{"id"/)
  if (missing.length > 0) t.log(`without ${missing.join(', ')}`)
})
