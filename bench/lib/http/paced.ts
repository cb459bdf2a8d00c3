import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What became of requests that were sent at a rate. */
export interface Paced {
  accepted: number
  refused: number
  /** Milliseconds from the moment at which each was due until its answer. */
  latencies: number[]
}

/**
 * Sends the same body again and again, evenly, whatever becomes of what was sent before: a request is due `1 / perSecond` after the one before it, and its
 * time counts from then, also while all connections are taken. Tools that send a second's requests in one go measure a burst, and those that wait for an answer
 * before they send again leave out what would have waited.
 */
export async function paced(url: string, body: string, { perSecond, seconds, connections }: { perSecond: number; seconds: number; connections: number }): Promise<Paced> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const options = { agent, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }
  const found: Paced = { accepted: 0, refused: 0, latencies: [] }
  const send = (due: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.request(url, options, (answer) => {
        answer.resume()
        answer.once('error', reject)
        answer.once('end', () => {
          found.latencies.push(performance.now() - due)
          if (answer.statusCode === 202) found.accepted += 1
          else found.refused += 1
          resolve()
        })
      })
      request.once('error', reject)
      request.end(body)
    })
  const all: Array<Promise<void>> = []
  const began = performance.now()
  for (let i = 0; i < perSecond * seconds; i += 1) {
    const due = began + (1000 * i) / perSecond
    const wait = due - performance.now()
    // Timers cut off fractions of a millisecond: nothing goes before it is due.
    if (wait > 0) await sleep(Math.ceil(wait))
    all.push(send(due))
  }
  await Promise.all(all)
  agent.destroy()
  return found
}
