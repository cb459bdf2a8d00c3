/** One number of a scrape. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: # .*)?$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Every number of an answer of /metrics. */
export function samples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined || line.startsWith('#')) return []
    return [{ name, labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text])), value: Number(value === '+Inf' ? Infinity : value) }]
  })
}

/** The series of one metric. */
export const series = (text: string, name: string): Sample[] => samples(text).filter((sample) => sample.name === name)
