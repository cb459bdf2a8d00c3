/**
 * Sends what arrives while a call runs together in the next one: a thousand small writes cost a few commits, and one alone waits for nobody.
 *
 * @internal
 */
export class Grouped<Item, Answer> {
  readonly #apply: (items: Item[]) => Promise<readonly Answer[]>
  readonly #most: number
  #waiting: Array<{ item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }> = []
  #running: Promise<void> | undefined

  constructor(apply: (items: Item[]) => Promise<readonly Answer[]>, most = 1000) {
    this.#apply = apply
    this.#most = most
  }

  /** The answer to one item, once the call that carried it is done. */
  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // What the same turn of the event loop brings goes along.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#most)
      try {
        const answers = await this.#apply(group.map(({ item }) => item))
        group.forEach(({ resolve }, i) => resolve(answers[i] as Answer))
      } catch (error) {
        group.forEach(({ reject }) => reject(error))
      }
    }
    this.#running = undefined
  }
}
