// Where the vectors come from: what everyone can make here, or files.

import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { open } from 'canopy-engine'
import { cached, withFolder } from '../paths.js'
import { say } from '../result.js'
import { digestOf, embedded } from '../vectors.js'
import { synsets, toDocument } from '../wordnet.js'

/** A set of vectors as the example of the crate takes it. */
export interface VectorSet {
  /** The name, for results; of a file its last part. */
  name: string
  /** What goes behind `--data`. */
  args: string[]
  metric: 'l2' | 'cosine' | 'dot'
}

const MODEL = 'minilm-l6-v2'

/** Finds or makes the set that `what` names: fashion-mnist (with the folder that holds it), clustered-N, wordnet or its first glosses wordnet-N, or a file. */
export async function vectorSet(what: string, folder: string | undefined, metric: string | undefined): Promise<VectorSet> {
  const given = metric as VectorSet['metric'] | undefined
  const glosses = /^wordnet(?:-([1-9]\d*))?$/.exec(what)
  if (what === 'fashion-mnist') return { name: what, args: [what, fashion(folder)], metric: given ?? 'l2' }
  if (/^clustered-(1m|\d+)$/.test(what)) return { name: what, args: [what], metric: given ?? 'l2' }
  if (glosses !== null) return { name: what, args: [await wordnet(glosses[1] === undefined ? undefined : Number(glosses[1]))], metric: given ?? 'cosine' }
  if (!existsSync(what)) throw new TypeError(`there is no set and no file "${what}" (fashion-mnist, clustered-1m, clustered-N, wordnet, wordnet-N, FILE.npy, FILE.fvecs)`)
  return { name: path.basename(what), args: [what], metric: given ?? 'l2' }
}

/** A folder with base.u8.npy and query.u8.npy; the files that Zalando publishes (idx, packed or not) are turned into such. */
function fashion(folder: string | undefined): string {
  if (folder === undefined) {
    throw new TypeError('no package holds Fashion-MNIST: load its four files (github.com/zalandoresearch/fashion-mnist, data/fashion), and name their folder with --folder')
  }
  if (existsSync(path.join(folder, 'base.u8.npy'))) return folder
  const into = path.dirname(cached('base.u8.npy'))
  for (const [from, to] of [['train-images-idx3-ubyte', 'base.u8.npy'], ['t10k-images-idx3-ubyte', 'query.u8.npy']] as const) {
    const packed = path.join(folder, `${from}.gz`)
    const bytes = existsSync(packed) ? gunzipSync(readFileSync(packed)) : readFileSync(path.join(folder, from))
    if (bytes.readUInt32BE(0) !== 0x803) throw new TypeError(`${from} in ${folder} isn't a file of images in the idx format`)
    writeNpy(path.join(into, to), '|u1', bytes.readUInt32BE(4), bytes.readUInt32BE(8) * bytes.readUInt32BE(12), bytes.subarray(16))
  }
  return into
}

/**
 * The 117,791 glosses of WordNet by MiniLM as a matrix of NumPy, from the packages that come with a clone. The first time takes twenty minutes of two cores; an interrupted
 * run goes on where it stopped, and so does one that wants more of them.
 */
async function wordnet(limit: number | undefined): Promise<string> {
  return withFolder(async (folder) => {
    await using db = await open(folder, { embeddingCacheBytes: 0 })
    const file = cached(`wordnet-${MODEL}-${await digestOf(db, MODEL)}${limit === undefined ? '' : `-${limit}`}.npy`)
    if (existsSync(file)) return file
    const texts = synsets().slice(0, limit).map((synset) => toDocument(synset).text)
    say(`${texts.length} glosses by ${MODEL}; an interrupted run goes on where it stopped`)
    const vectors = await embedded(db, MODEL, 'wordnet', texts)
    writeNpy(file, '<f4', texts.length, vectors.length / texts.length, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength))
    return file
  })
}

/** A matrix in NumPy's format 1.0; the file has its name only when it is whole. */
function writeNpy(file: string, kind: '|u1' | '<f4', rows: number, dim: number, bytes: Uint8Array): void {
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`
  // Numbers begin on a multiple of 64.
  const header = Buffer.from(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`)
  const size = Buffer.alloc(2)
  size.writeUInt16LE(header.length)
  const part = `${file}.part`
  const out = openSync(part, 'w')
  try {
    for (const piece of [Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, header, bytes]) {
      for (let at = 0; at < piece.length; ) at += writeSync(out, piece, at)
    }
  } finally {
    closeSync(out)
  }
  renameSync(part, file)
}
