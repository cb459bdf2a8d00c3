import test from 'ava'
import { chooseComputeDevice, computeDevice, onLog, VectorIndex, type LogEntry } from '../../ts/index.js'
import { cloud } from '../helpers/vectors.js'

test.serial('without a GPU the processor does its work, and that is said once', async (t) => {
  const { device, code } = await computeDevice()
  if (device === 'gpu') return void t.pass('there is a GPU here')
  const said: LogEntry[] = []
  const stop = onLog((entry) => void said.push(entry))
  t.teardown(() => chooseComputeDevice('auto'))
  await chooseComputeDevice('gpu')
  const [count, dim] = [500, 8]
  const vectors = cloud(count, dim, 1)
  const index = await VectorIndex.build(vectors, { dim, metric: 'l2' })
  // Each asks for a device: to keep a copy there, and to search it.
  for (let round = 0; round < 3; round += 1) await index.prepare()
  const queries = vectors.subarray(0, 20 * dim)
  const { slots } = await index.searchBatch(queries, 1, { preset: 'lists', probes: count })
  t.deepEqual([...slots], Array.from({ length: 20 }, (_, i) => i))
  // What is said on another thread arrives in a turn of its own.
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.deepEqual(said.map((entry) => [entry.level, entry['code']]), [['info', code]])
  t.regex(said[0]?.message ?? '', /GPU|driver/i)
  stop()
})

test.serial('who listens no longer hears nothing', async (t) => {
  const said: LogEntry[] = []
  onLog((entry) => void said.push(entry))()
  await chooseComputeDevice('auto')
  t.deepEqual(said, [])
})
