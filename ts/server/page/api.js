// What the pages share: calls with the key of this tab, and errors as the server words them.

/** An answer that isn't one. */
export class Refused extends Error {
  constructor(response, body) {
    super(body.message ?? `HTTP ${response.status}`)
    this.status = response.status
    this.code = body.code
    this.retryAfter = Number(response.headers.get('retry-after') ?? 1)
  }
}

/** Sends JSON and reads JSON. */
export async function call(path, { body, signal } = {}) {
  const key = sessionStorage.getItem('key')
  const headers = { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const response = await fetch(path, { method: body === undefined ? 'GET' : 'POST', headers, body: body === undefined ? undefined : JSON.stringify(body), signal })
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refused(response, answer)
  return answer
}
