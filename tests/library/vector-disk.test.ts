import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { folder } from '../helpers/temp.js'
import { when } from '../helpers/when.js'

/** Runs a program that sees a disk of half a megabyte at DIR; only Linux lends one to whoever asks. */
const SMALL = ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=512k tmpfs "$0" && exec "$@"']
const lent = process.platform === 'linux' && spawnSync('unshare', [...SMALL, '/tmp', 'true']).status === 0

when(lent)('a disk that runs full during a save leaves the old file, whole, and nothing else', async (t) => {
  const dir = await folder(t)
  const program = `
    import { readdirSync } from 'node:fs'
    import { VectorIndex } from ${JSON.stringify(new URL('../../ts/index.js', import.meta.url).href)}
    const [dim, file] = [64, process.argv[1] + '/x.index']
    const vectors = (count) => Float32Array.from({ length: count * dim }, (_, i) => Math.sin(i * i))
    const [small, large] = [await VectorIndex.build(vectors(200), { dim }), await VectorIndex.build(vectors(3000), { dim })]
    await small.save(file)
    const refused = await large.save(file).then(() => 'saved', ({ code, kind }) => code + ' ' + kind)
    const kept = await VectorIndex.open(file)
    await kept.check()
    console.log(JSON.stringify({ refused, length: (await kept.info()).length, files: readdirSync(process.argv[1]) }))`
  const { stdout } = await promisify(execFile)('unshare', [...SMALL, dir, process.execPath, '--input-type=module', '-e', program, dir])
  t.deepEqual(JSON.parse(stdout), { refused: 'INDEX_DISK_FULL no_space', length: 200, files: ['x.index'] })
})
