import type { Command } from 'commander'
import { CanopyError } from '../../engine/error.js'
import { estimateQueue } from '../../ingest/estimate.js'
import { openQueue, queueFile } from '../../ingest/ingest.js'
import type { Queue } from '../../ingest/queue.js'
import { integer, number } from '../input.js'
import { print, report } from '../output.js'
import { configuration, globals } from '../session.js'

/** queue status, queue dead, queue replay, queue discard, estimate-queue */
export function addCommands(root: Command): void {
  const queue = root.command('queue').description('what was accepted and isn’t stored yet; works beside a running server')

  queue
    .command('status')
    .description('how full it is')
    .action((_options: object, command: Command) => withQueue(command, async (opened) => {
      const stats = await opened.stats()
      report(globals(command).json, stats, () => [`${stats.depth} of ${stats.capacity} records wait, ${stats.dead} dead letters`])
    }))

  queue
    .command('dead')
    .description('list records that could not be stored, and why')
    .option('--after <id>', 'letters after this one', integer, 0)
    .option('--limit <n>', 'letters at most', integer, 100)
    .action(({ after, limit }: { after: number; limit: number }, command: Command) => withQueue(command, async (opened) => {
      const letters = await opened.dead(after, limit)
      report(globals(command).json, letters, () => letters.map(({ id, collection, code, message, records }) => `${id}\t${collection}\t${records.length} records\t${code}: ${message}`))
    }))

  queue
    .command('replay [ids...]')
    .description('queue dead letters again; all of them without ids')
    .action((ids: string[], _options: object, command: Command) => withQueue(command, async (opened) => {
      const records = await opened.replay(ids.length === 0 ? undefined : ids.map(integer))
      report(globals(command).json, { records }, () => [`${records} records wait again`])
    }))

  queue
    .command('discard <ids...>')
    .description('throw dead letters away')
    .action((ids: string[], _options: object, command: Command) => withQueue(command, async (opened) => {
      const records = await opened.discard(ids.map(integer))
      report(globals(command).json, { records }, () => [`${records} records are gone`])
    }))

  root
    .command('estimate-queue')
    .description('how long a queue must be (M/M/1/K)')
    .requiredOption('--arrival <rate>', 'records a second that come', number)
    .requiredOption('--service <rate>', 'records a second that can be stored', number)
    .option('--drops <share>', 'the share that may be dropped', number, 0.01)
    .option('--burst <seconds>', 'how long they come at this rate; without it, always', number)
    .action((options: { arrival: number; service: number; drops: number; burst?: number }, command: Command) => {
      const estimate = estimateQueue(options)
      if (globals(command).json) report(true, estimate, () => [])
      else print(`${estimate.capacity} records must fit (ingest.capacity) at ρ = ${estimate.rho.toPrecision(4)}; drops ${(100 * estimate.drops).toPrecision(3)} %, a record waits ${estimate.waitSeconds.toPrecision(3)} s${estimate.drainSeconds === null ? ' on average' : `, empty again ${estimate.drainSeconds.toPrecision(3)} s after the burst`}`)
    })
}

async function withQueue(command: Command, work: (queue: Queue) => Promise<void>): Promise<void> {
  const { data, ingest, redis } = configuration(command).config
  const { existsSync } = await import('node:fs')
  if (ingest.url === '' && !existsSync(queueFile(data.dir))) throw new CanopyError('QUEUE_NOT_FOUND', 'not_found', `there is no queue in ${data.dir}: a server makes one when it starts`)
  const queue = await openQueue({ dir: data.dir, redis: ingest.url === '' ? undefined : ingest.url, prefix: redis.prefix, capacity: ingest.capacity, durability: data.durability, drain: false })
  try {
    await work(queue)
  } finally {
    await queue.close()
  }
}
