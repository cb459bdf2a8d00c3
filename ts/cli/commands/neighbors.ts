import path from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Kernel } from '../../engine/residual-tree.js'
import { NeighborIndexes, type NeighborIndexInfo, type NeighborMetric } from '../../neighbors/indexes.js'
import { collectionPoints, readPoints } from '../../neighbors/points.js'
import { ranges, type Found } from '../../server/neighbors.js'
import { integer, number, vector } from '../input.js'
import { bytes, printJson, report, table } from '../output.js'
import { withProgress } from '../progress.js'
import { configuration, withDatabase, type Session } from '../session.js'

interface BuildOptions {
  metric?: NeighborMetric
  columns?: string[]
  collection?: string
  kernel?: Kernel['kind']
  lengthscale: number[]
  variance: number
  inducing: number
  seed?: number
}

interface SearchOptions {
  neighbors: number
  columns?: string[]
  exact?: boolean
  gate?: 'off' | 'lookup' | 'audit'
  audit?: number
}

const FILE = 'a .npy, .csv or JSON lines file of points'

/** neighbors build|list|info|knn|radius|predecessors|all|insert|remove|drop */
export function addCommands(root: Command): void {
  const group = root.command('neighbors').description('exact neighbours of points with up to 32 coordinates, in indexes by name')

  group
    .command('build <name> [file]')
    .description(`build an index of ${FILE}, or of a collection's vectors`)
    .option('--metric <metric>', 'euclidean (default), angular or residual')
    .option('--columns <names>', 'columns or fields that are the coordinates, between commas', names)
    .option('--collection <collection>', 'the vectors of this collection instead of a file')
    .option('--kernel <kind>', 'residual: matern12, matern32, matern52 or rbf')
    .option('--lengthscale <l>', 'residual: one, or one for each coordinate between commas', vector, [1])
    .option('--variance <v>', 'residual: variance of the process', number, 1)
    .option('--inducing <m>', 'residual: inducing points', integer, 512)
    .option('--seed <seed>', 'draws the order of insertion', integer)
    .action((name: string, file: string | undefined, { metric: wanted, columns, collection, kernel: kind, lengthscale, variance, inducing, seed }: BuildOptions, command: Command) =>
      withIndexes(command, 'write', async (indexes, { db, json, signal }) => {
        if ((file === undefined) === (collection === undefined)) throw new InvalidArgumentError('Name a file or a --collection, one of them.')
        const read = collection === undefined ? await readPoints(file ?? '', { columns }) : await collectionPoints(await db.collection(collection), { signal })
        const metric = wanted ?? (kind === undefined ? 'euclidean' : 'residual')
        const kernel = kind === undefined ? undefined : { kind, variance, lengthscale: lengthscale.length === 1 ? (lengthscale[0] ?? 1) : lengthscale }
        const { points, ...rest } = read
        const build = { ...rest, metric, seed, signal, ...(kernel === undefined ? {} : { kernel, inducing: { count: inducing } }) }
        const info = await withProgress('building', 'points', (onProgress) => indexes.build(name, points, { ...build, onProgress }))
        report(json, info, () => described(info))
      }),
    )

  group
    .command('list', { isDefault: true })
    .description('list indexes of neighbours')
    .action((_options: object, command: Command) =>
      withIndexes(command, 'read', async (indexes, { json }) => {
        const all = await indexes.list()
        report(json, all, () => (all.length === 0 ? ['no index yet: canopy neighbors build sites points.csv'] : table([['name', 'size'], ...all.map(({ name, fileBytes }) => [name, bytes(fileBytes)])])))
      }),
    )

  group
    .command('info <name>')
    .description('describe an index')
    .action((name: string, _options: object, command: Command) =>
      withIndexes(command, 'read', async (indexes, { json }) => {
        const info = await indexes.info(name)
        report(json, info, () => described(info))
      }),
    )

  search(group.command('knn <name> <file>').description(`the nearest points of each query in ${FILE}`).option('--columns <names>', 'columns or fields that are the coordinates', names)).action(
    (name: string, file: string, { neighbors: k, columns, ...how }: SearchOptions, command: Command) =>
      withIndexes(command, 'read', async (indexes, session) => {
        const { points } = await readPoints(file, { columns })
        const found = await withProgress('searching', 'queries', (onProgress) => indexes.knn(name, points, k, { ...how, signal: session.signal, onProgress }))
        tell(found, await indexes.labels(name), session)
      }),
  )

  group
    .command('radius <name> <file>')
    .description(`all points within a radius of each query in ${FILE}`)
    .requiredOption('-r, --radius <r>', 'the distance, in the units of the coordinates or in radians', number)
    .option('--columns <names>', 'columns or fields that are the coordinates', names)
    .action((name: string, file: string, { radius, columns }: { radius: number; columns?: string[] }, command: Command) =>
      withIndexes(command, 'read', async (indexes, session) => {
        const { points } = await readPoints(file, { columns })
        tell(await indexes.radius(name, points, radius, { signal: session.signal }), await indexes.labels(name), session)
      }),
    )

  for (const [word, call, description] of [
    ['predecessors', 'predecessors', 'for every point the nearest that were given before it'],
    ['all', 'knnAll', 'the nearest other points of every point'],
  ] as const) {
    search(group.command(`${word} <name>`).description(description)).action((name: string, { neighbors: k, ...how }: SearchOptions, command: Command) =>
      withIndexes(command, 'read', async (indexes, session) => {
        const found = await withProgress('searching', 'points', (onProgress) => indexes[call](name, k, { ...how, signal: session.signal, onProgress }))
        tell(found, await indexes.labels(name), session)
      }),
    )
  }

  group
    .command('insert <name> <file>')
    .description(`add the points of ${FILE}`)
    .option('--columns <names>', 'columns or fields that are the coordinates', names)
    .action((name: string, file: string, { columns }: { columns?: string[] }, command: Command) =>
      withIndexes(command, 'write', async (indexes, { json, signal }) => {
        const { points } = await readPoints(file, { columns })
        const done = await indexes.insert(name, points, { signal })
        report(json, done, () => [`${done.length} points; the new ones begin at ${done.first}`])
      }),
    )

  group
    .command('remove <name> <ids...>')
    .description('take points away by their ids')
    .action((name: string, ids: string[], _options: object, command: Command) =>
      withIndexes(command, 'write', async (indexes, { json, signal }) => {
        const done = await indexes.remove(name, ids.map(integer), { signal })
        report(json, done, () => [`${done.length} points are left`])
      }),
    )

  group
    .command('drop <name>')
    .description('delete an index')
    .action((name: string, _options: object, command: Command) =>
      withIndexes(command, 'write', async (indexes, { json }) => {
        await indexes.drop(name)
        report(json, { dropped: name }, () => [`dropped ${name}`])
      }),
    )
}

function search(command: Command): Command {
  return command
    .option('-k, --neighbors <k>', 'how many', integer, 10)
    .option('--exact', 'residual: look at all pairs')
    .addOption(new Option('--gate <preset>', 'residual: what stands in front of the kernel (default lookup)').choices(['off', 'lookup', 'audit']))
    .option('--audit <queries>', 'residual: how many answers are held against all pairs', integer)
}

function withIndexes<T>(command: Command, access: 'read' | 'write', work: (indexes: NeighborIndexes, session: Session) => Promise<T>): Promise<T> {
  const { data } = configuration(command).config
  return withDatabase(command, access, async (session) => {
    const indexes = new NeighborIndexes(path.join(data.dir, 'neighbors'), { readOnly: access === 'read' })
    try {
      return await work(indexes, session)
    } finally {
      await indexes.close()
    }
  })
}

function described({ name, length, dim, metric, kernel, fileBytes }: NeighborIndexInfo): string[] {
  const under = kernel === null ? metric : `${metric}, ${kernel.kind} of lengthscale ${[kernel.lengthscale].flat().join(', ')}`
  return [`${name}: ${length} points of ${dim} coordinates, ${under}, ${bytes(fileBytes)}`]
}

/** One JSON object, or a line for each query or point. */
function tell(found: Found, labels: readonly string[] | undefined, { json }: Session): void {
  const { ids, distances, report: how } = found
  const rows = [...ranges(found)].map(([from, to]) => {
    const row = ids.subarray(from, to)
    return { ids: Array.from(row), distances: Array.from(distances.subarray(from, to)), ...(labels === undefined ? {} : { records: Array.from(row, (id) => labels[id] ?? '') }) }
  })
  if (json) {
    const columns = { ids: rows.map((row) => row.ids), distances: rows.map((row) => row.distances), ...(labels === undefined ? {} : { records: rows.map((row) => row.records ?? []) }) }
    printJson({ ...columns, report: how })
  } else for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
}

function names(value: string): string[] {
  return value.split(',').map((name) => name.trim())
}
