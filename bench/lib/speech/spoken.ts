/** What the recordings say (Dickens, A Tale of Two Cities, 1859; Beckett, Worstward Ho). */
export const SPOKEN = {
  'beckett.wav': 'Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.',
  'two_cities.wav': `It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of belief,
    it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the spring of hope, it was the winter of despair,
    we had everything before us, we had nothing before us, we were all going direct to Heaven, we were all going direct the other way – in short, the
    period was so far like the present period, that some of its noisiest authorities insisted on its being received, for good or for evil, in the
    superlative degree of comparison only.`,
}

/** Word error rate: insertions, deletions and substitutions over the words that were said. */
export function wordErrorRate(said: string, heard: string): number {
  const words = (text: string): string[] => text.toLowerCase().replace(/[^a-z' ]+/g, ' ').split(' ').filter((word) => word !== '')
  const [a, b] = [words(said), words(heard)]
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  a.forEach((word, i) => {
    const next = [i + 1]
    b.forEach((other, j) => next.push(Math.min((row[j] ?? 0) + (word === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1)))
    row = next
  })
  return (row.at(-1) ?? 0) / a.length
}

/** A wav file of mono samples at 16 kHz. */
export function wav(samples: Int16Array): Buffer {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.byteLength, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(16_000, 24)
  head.writeUInt32LE(32_000, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)])
}
