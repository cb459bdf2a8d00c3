import { spawnSync } from 'node:child_process'
import { open } from 'canopy-engine'
import { root, withFolder } from '../paths.js'
import type { Check } from '../result.js'
import { Rounds, milliseconds, round } from '../time.js'
import { row } from '../vectors.js'
import type { Data } from './data.js'
import type { Findings, Settings } from './findings.js'

const MODEL = 'minilm-l6-v2'
const ABSTRACTS = 64
/** Characters that always give more than the 256 tokens at which the model cuts. */
const CHARACTERS = 2000
const RUNS = 3
const COMPARED = 200

/** MiniLM in the core: long texts a second, one query, and how far int8 is from f32. */
export async function measureModel(data: Data, { safetensors }: Settings): Promise<Findings> {
  return withFolder(async (folder) => {
    await using db = await open(folder, { embeddingCacheBytes: 0 })
    if (!(await db.models()).some(({ name }) => name === MODEL)) return { figures: null, checks: [], skipped: [`model: no weights of ${MODEL}`] }
    await db.embed(MODEL, ['warm'])
    let [fastest, cpu] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let run = 0; run < RUNS; run += 1) {
      const texts = abstracts(data, run)
      const before = process.cpuUsage()
      fastest = Math.min(fastest, await milliseconds(() => db.embed(MODEL, texts)))
      const { user, system } = process.cpuUsage(before)
      cpu = Math.min(cpu, (user + system) / 1000 / ABSTRACTS)
    }
    const queries = new Rounds()
    for (let turn = 0; turn < 5; turn += 1) await queries.add(data.queries.slice(turn * 80, turn * 80 + 80), (query) => db.embed(MODEL, [query]))
    const perSecond = round(ABSTRACTS / (fastest / 1000))
    const cosine = safetensors === undefined ? undefined : toReference(data, await db.embed(MODEL, compared(data)), safetensors)
    const checks: Check[] = [
      { name: 'MiniLM, texts of 256 tokens', value: perSecond, unit: 'texts/s', direction: 'at least', goal: 70 },
      { name: 'MiniLM, one query, P50', value: queries.best.p50, unit: 'ms', direction: 'at most', goal: 2 },
    ]
    if (cosine !== undefined) checks.push({ name: 'MiniLM, lowest cosine to f32', value: cosine.min, unit: '', direction: 'at least', goal: 0.99 })
    return {
      figures: { model: MODEL, abstractsPerSecond: perSecond, cpuMsPerAbstract: round(cpu), query: queries.best, cosineToF32: cosine ?? null },
      checks,
      skipped: cosine === undefined ? ['model: cosine to f32 (--safetensors FOLDER with model.safetensors and vocab.txt)'] : [],
    }
  })
}

/** Long texts, none twice. */
function abstracts({ documents }: Data, run: number): string[] {
  let next = run * ABSTRACTS * 40
  return Array.from({ length: ABSTRACTS }, () => {
    let text = ''
    while (text.length < CHARACTERS) text += `${documents[next++ % documents.length]?.text} `
    return text
  })
}

const compared = ({ documents }: Data): string[] => documents.slice(0, COMPARED).map(({ text }) => text)

/** Cosines between our vectors and those of the f32 weights, which an example of the embedding crate computes. */
function toReference(data: Data, ours: Float32Array, safetensors: string): { min: number; mean: number } {
  const { status, stdout, stderr } = spawnSync('cargo', ['run', '--release', '--quiet', '-p', 'canopy-embed', '--example', 'embed', '--', safetensors], { cwd: root, input: compared(data).join('\n'), maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`the reference model ended with ${status}: ${stderr.toString().slice(-500)}`)
  const theirs = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength))
  const dim = ours.length / COMPARED
  const cosines = Array.from({ length: COMPARED }, (_, i) => cosine(row(ours, dim, i), row(theirs, dim, i)))
  return { min: round(Math.min(...cosines)), mean: round(cosines.reduce((a, b) => a + b) / COMPARED) }
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] as number, b[i] as number]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return ab / Math.sqrt(aa * bb)
}
