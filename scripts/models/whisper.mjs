// Whisper weights of the CTranslate2 kind (model.bin, vocabulary.txt, 16-bit floats) as a ggml file that whisper.cpp reads. The weights are the
// same numbers, byte for byte; what CTranslate2 joined (queries, keys and values) is split, and the mel filters are computed (Slaney's scale
// and norm, 16 kHz, 400 points). `node scripts/models/whisper.mjs FOLDER OUT.bin`

import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const HALF = 4
/** Byte-level tokens stand before the special ones. */
const TEXT_TOKENS = { multilingual: 50257, english: 50256 }
const MULTILINGUAL_FROM = 51865

/** Reads a CTranslate2 file: `Map<name, { dims, data }>`. */
function read(file) {
  const bytes = readFileSync(file)
  let at = 0
  const u8 = () => bytes[(at += 1) - 1]
  const u16 = () => bytes.readUInt16LE((at += 2) - 2)
  const u32 = () => bytes.readUInt32LE((at += 4) - 4)
  const text = () => {
    const length = u16()
    at += length
    return bytes.toString('utf8', at - length, at - 1)
  }
  const [version, spec] = [u32(), text()]
  if (version !== 6 || spec !== 'WhisperSpec') throw new Error(`${file} is of version ${version} and kind ${spec}; version 6 of WhisperSpec can be converted`)
  u32()
  const tensors = new Map()
  for (let left = u32(); left > 0; left -= 1) {
    const name = text()
    const dims = Array.from({ length: u8() }, u32)
    const kind = u8()
    const size = u32()
    tensors.set(name, { dims, kind, data: bytes.subarray(at, at + size) })
    at += size
  }
  return tensors
}

/** The filters that make mel bands of a spectrum, row-major. */
function melFilters(bands) {
  const [linear, bend, step] = [200 / 3, 1000, Math.log(6.4) / 27]
  const toMel = (hertz) => (hertz < bend ? hertz / linear : bend / linear + Math.log(hertz / bend) / step)
  const toHertz = (mel) => (mel < bend / linear ? mel * linear : bend * Math.exp(step * (mel - bend / linear)))
  const points = Array.from({ length: bands + 2 }, (_, i) => toHertz((toMel(8000) * i) / (bands + 1)))
  const filters = new Float32Array(bands * 201)
  for (let band = 0; band < bands; band += 1) {
    const [low, centre, high] = points.slice(band, band + 3)
    for (let bin = 0; bin <= 200; bin += 1) {
      const hertz = (bin * 16_000) / 400
      filters[band * 201 + bin] = (2 / (high - low)) * Math.max(0, Math.min((hertz - low) / (centre - low), (high - hertz) / (high - centre)))
    }
  }
  return filters
}

/** The characters that stand for bytes in the vocabulary (GPT-2's table). */
function byteTable() {
  const own = (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return new Map(Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(own(byte) ? byte : (next += 1) - 1), byte]))
}

/** A 16-bit float as a number. */
function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function floats(data) {
  const out = Buffer.alloc(data.length * 2)
  for (let at = 0; at < data.length; at += 2) out.writeFloatLE(half(data.readUInt16LE(at)), at * 2)
  return out
}

/** Writes `out` from the model in `folder`. */
export function convert(folder, out) {
  const source = read(path.join(folder, 'model.bin'))
  const layers = (side) => 1 + Math.max(...[...source.keys()].map((key) => Number(new RegExp(`^${side}/layer_(\\d+)/`).exec(key)?.[1] ?? -1)))
  const [vocabulary, width] = source.get('decoder/embeddings/weight').dims
  const bands = source.get('encoder/conv1/weight').dims[1]
  const audio = source.get('encoder/position_encodings/encodings').dims[0]
  const context = source.get('decoder/position_encodings/encodings').dims[0]
  const depth = { encoder: layers('encoder'), decoder: layers('decoder') }
  const partial = `${out}.part`
  const file = openSync(partial, 'w')
  const ints = (...values) => writeSync(file, Buffer.from(Int32Array.from(values).buffer))
  ints(0x67676d6c, vocabulary, audio, width, width / 64, depth.encoder, context, width, width / 64, depth.decoder, bands, 1)
  ints(bands, 201)
  writeSync(file, Buffer.from(melFilters(bands).buffer))
  const count = vocabulary >= MULTILINGUAL_FROM ? TEXT_TOKENS.multilingual : TEXT_TOKENS.english
  const table = byteTable()
  ints(count)
  for (const word of words(folder).slice(0, count)) {
    const characters = [...word]
    const bytes = characters.every((character) => table.has(character)) ? Buffer.from(characters.map((character) => table.get(character))) : Buffer.from(word)
    ints(bytes.length)
    writeSync(file, bytes)
  }
  const put = (name, key, { rows, full = false, column = false } = {}) => {
    const tensor = source.get(key)
    if (tensor?.kind !== HALF) throw new Error(`${key} holds no 16-bit floats`)
    let { dims, data } = tensor
    if (rows !== undefined) {
      const row = data.length / dims[0]
      data = data.subarray(rows[0] * row, rows[1] * row)
      dims = [rows[1] - rows[0], ...dims.slice(1)]
    }
    const single = full || dims.length < 2
    if (column) dims = [dims[0], 1]
    const title = Buffer.from(name)
    ints(dims.length, title.length, single ? 0 : 1, ...dims.toReversed())
    writeSync(file, title)
    writeSync(file, single ? floats(data) : data)
  }
  for (const side of ['encoder', 'decoder']) putSide(put, side, depth[side], width)
  closeSync(file)
  renameSync(partial, out)
}

function putSide(put, side, depth, width) {
  put(`${side}.positional_embedding`, `${side}/position_encodings/encodings`, { full: true })
  const last = side === 'encoder' ? 'ln_post' : 'ln'
  put(`${side}.${last}.weight`, `${side}/layer_norm/gamma`)
  put(`${side}.${last}.bias`, `${side}/layer_norm/beta`)
  if (side === 'encoder') {
    for (const name of ['conv1', 'conv2']) {
      put(`encoder.${name}.weight`, `encoder/${name}/weight`)
      put(`encoder.${name}.bias`, `encoder/${name}/bias`, { full: true, column: true })
    }
  } else put('decoder.token_embedding.weight', 'decoder/embeddings/weight')
  for (let layer = 0; layer < depth; layer += 1) {
    const [to, from] = [`${side}.blocks.${layer}`, `${side}/layer_${layer}`]
    const norm = (name, key) => {
      put(`${to}.${name}.weight`, `${from}/${key}/gamma`)
      put(`${to}.${name}.bias`, `${from}/${key}/beta`)
    }
    const linear = (name, key, rows, bias = true) => {
      put(`${to}.${name}.weight`, `${from}/${key}/weight`, { rows })
      if (bias) put(`${to}.${name}.bias`, `${from}/${key}/bias`, { rows })
    }
    norm('attn_ln', 'self_attention/layer_norm')
    linear('attn.query', 'self_attention/linear_0', [0, width])
    linear('attn.key', 'self_attention/linear_0', [width, 2 * width], false)
    linear('attn.value', 'self_attention/linear_0', [2 * width, 3 * width])
    linear('attn.out', 'self_attention/linear_1')
    if (side === 'decoder') {
      norm('cross_attn_ln', 'attention/layer_norm')
      linear('cross_attn.query', 'attention/linear_0')
      linear('cross_attn.key', 'attention/linear_1', [0, width], false)
      linear('cross_attn.value', 'attention/linear_1', [width, 2 * width])
      linear('cross_attn.out', 'attention/linear_2')
    }
    norm('mlp_ln', 'ffn/layer_norm')
    linear('mlp.0', 'ffn/linear_0')
    linear('mlp.2', 'ffn/linear_1')
  }
}

function words(folder) {
  const lines = path.join(folder, 'vocabulary.txt')
  return existsSync(lines) ? readFileSync(lines, 'utf8').split('\n') : JSON.parse(readFileSync(path.join(folder, 'vocabulary.json'), 'utf8'))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) convert(...process.argv.slice(2))
