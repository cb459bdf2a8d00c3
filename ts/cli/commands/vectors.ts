import type { Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import type { VectorId } from '../../engine/ids.js'
import type { Metric } from '../../engine/types.js'
import { VectorIndex, type VectorHit, type VectorPreset } from '../../engine/vector-index.js'
import { integer, number, vector } from '../input.js'
import { bytes, report, table } from '../output.js'
import { withProgress } from '../progress.js'
import { globals } from '../session.js'
import { readVectors } from '../vector-files.js'

interface BuildFlags {
  out: string
  metric?: Metric
  degree?: number
  ef?: number
  seed?: number
}

interface SearchFlags {
  vector?: number[]
  queries?: string
  limit: number
  least?: number
  ef?: number
  rerank?: number
  preset?: VectorPreset
}

/** vectors build, search, prepare, info, estimate */
export function addCommands(root: Command): void {
  const group = root.command('vectors').description('indexes of vectors without records, a file each')

  group
    .command('build <file>')
    .description('build an index from FILE.npy (float32, float16, int8, uint8) or FILE.jsonl ({"id", "vector"} a line)')
    .requiredOption('-o, --out <index>', 'the file to write')
    .option('--metric <name>', 'cosine, dot or l2', 'cosine')
    .option('--degree <n>', 'neighbours a node', integer)
    .option('--ef <n>', 'candidates from which a new node’s neighbours are chosen', integer)
    .option('--seed <n>', 'the same vectors and seed give the same file', integer)
    .action(async (file: string, { out, ...build }: BuildFlags, command: Command) => {
      const { dim, values, ids } = await readVectors(file)
      const index = await interruptible((signal) => withProgress('building', 'vectors', (onProgress) => VectorIndex.build<VectorId>(values, { dim, ids, ...build, signal, onProgress })))
      await index.save(out)
      const info = await index.info()
      report(globals(command).json, { file: out, ...info }, () => [`${info.length} vectors of ${dim} in ${out}: ${bytes(info.memoryBytes)}, ${bytes(info.graphBytes)} of them beside the vectors`])
    })

  group
    .command('search <index>')
    .description('find the nearest vectors of one query, or of every row of a file')
    .option('--vector <numbers>', 'the query: numbers between commas, or a JSON array', vector)
    .option('--queries <file>', 'FILE.npy or FILE.jsonl')
    .option('-k, --limit <n>', 'hits a query', integer, 10)
    .option('--least <score>', 'everything that scores at least so much, instead of the nearest', number)
    .option('--ef <n>', 'candidates of a walk', integer)
    .option('--rerank <n>', 'candidates that are scored exactly', integer)
    .option('--preset <name>', 'graph, exact, hybrid or lists')
    .action(async (file: string, { vector: one, queries, limit, least, ...options }: SearchFlags, command: Command) => {
      if ((one === undefined) === (queries === undefined)) throw new CanopyError('USAGE', 'invalid_input', 'no query, or two: name it by --vector, or a file of them by --queries')
      const index = await VectorIndex.open<VectorId>(file)
      const { dim, lists } = await index.info()
      const asked = one === undefined ? await readVectors(queries ?? '') : { dim: one.length, count: 1, values: Float32Array.from(one) }
      if (asked.dim !== dim) throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `a query has ${asked.dim} values, the index holds vectors of ${dim}: send as many`)
      const answers = await interruptible(async (signal) => {
        if ((options.preset === 'hybrid' || options.preset === 'lists') && lists === 0) await index.prepare({ signal })
        const found: VectorHit<VectorId>[][] = []
        for (let i = 0; i < asked.count; i += 1) {
          const query = asked.values.subarray(i * dim, (i + 1) * dim)
          const { ef, rerank } = options
          found.push(least === undefined ? await index.search(query, limit, { ...options, signal }) : await index.range(query, least, { ef, rerank, limit, signal }))
        }
        return found
      })
      const plain = answers.map((hits) => hits.map(({ id, score }) => ({ id: typeof id === 'bigint' ? String(id) : id, score })))
      report(globals(command).json, one === undefined ? plain : plain[0], () => plain.flatMap((hits, i) => [...(one === undefined ? [`query ${i}`] : []), ...table(hits.map(({ id, score }) => [String(id), score.toFixed(6)]))]))
    })

  group
    .command('prepare <index>')
    .description('build the inverted lists that the presets hybrid and lists need, and save them in the file')
    .option('--lists <n>', 'lists', integer)
    .option('--parts <n>', 'parts of a vector with a code of 4 bits each', integer)
    .action(async (file: string, options: { lists?: number; parts?: number }, command: Command) => {
      const index = await VectorIndex.open<VectorId>(file)
      const lists = await interruptible((signal) => withProgress('preparing', 'vectors', (onProgress) => index.prepare({ ...options, signal, onProgress })))
      await index.save(file)
      report(globals(command).json, { file, ...lists }, () => [`${lists.lists} lists in ${file}: ${bytes(lists.bytes)}; of the true ten hybrid finds ${lists.hybridRecall.toFixed(3)}, lists ${lists.listsRecall.toFixed(3)}`])
    })

  group
    .command('info <index>')
    .description('what an index is; --check reads all of it and compares its checksums')
    .option('--check', 'compare every checksum')
    .action(async (file: string, { check = false }: { check?: boolean }, command: Command) => {
      const index = await VectorIndex.open<VectorId>(file)
      if (check) await index.check()
      const info = { ...(await index.info()), idKind: index.idKind, checked: check }
      report(globals(command).json, info, () => table([['vectors', String(info.length)], ['dim', String(info.dim)], ['metric', info.metric], ['values of a walk', String(info.walkDim)], ['ids', info.idKind], ['lists', String(info.lists)], ['bytes', bytes(info.memoryBytes)], ['beside the vectors', bytes(info.graphBytes)], ['checksums', check ? 'right' : 'not compared']]))
    })

  group
    .command('estimate')
    .description('what building an index will take')
    .requiredOption('-n, --count <n>', 'vectors', integer)
    .requiredOption('--dim <n>', 'values a vector', integer)
    .option('--metric <name>', 'cosine, dot or l2', 'cosine')
    .option('--degree <n>', 'neighbours a node', integer)
    .option('--ef <n>', 'candidates of the build', integer)
    .action(async ({ count, dim, metric, degree, ef }: { count: number; dim: number; metric: Metric; degree?: number; ef?: number }, command: Command) => {
      const estimate = await VectorIndex.estimate({ count, dim, metric, degree, ef })
      report(globals(command).json, estimate, () => [`${bytes(estimate.bytes)} (${bytes(estimate.graphBytes)} beside the vectors), ${bytes(estimate.buildBytes)} during the build, about ${estimate.buildSeconds.toFixed(0)} s on ${estimate.threads} cores`])
    })
}

/** Ctrl-C ends the work; what was there before stays. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  process.once('SIGINT', interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    process.off('SIGINT', interrupt)
  }
}
