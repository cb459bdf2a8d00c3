import type { Link } from '@opentelemetry/api'
import { traced } from '../engine/trace.js'
import type { Items } from './queue.js'

/** Spans of pushes that are remembered until what they pushed is written; and links of one batch to them. */
const MOST_PUSHED = 10_000
const MOST_LINKS = 64

/** The spans in which items were pushed by this process, as far as they are traced. */
export class PushSpans {
  readonly #pushed = new Map<number | string, Link>()

  /** Pushes in a span; `named` tells what the queue calls what was pushed, or nothing where nothing was. */
  push<T>(target: string, bytes: number, work: () => Promise<T>, named: (answer: T) => number | string | undefined): Promise<T> {
    return traced('queue.push', { 'canopy.collection': target, 'canopy.bytes': bytes }, async (span) => {
      const answer = await work()
      const [name, link] = [named(answer), span.link()]
      if (name !== undefined && link !== undefined && this.#pushed.size < MOST_PUSHED) this.#pushed.set(name, link)
      return answer
    }, { side: 'producer' })
  }

  /** Links to the spans of items. */
  links({ seqs }: Items): Link[] {
    return seqs.flatMap((seq) => this.#pushed.get(seq) ?? []).slice(0, MOST_LINKS)
  }

  /** They are out of the queue. */
  forget({ seqs }: Items): void {
    for (const seq of seqs) this.#pushed.delete(seq)
  }
}
