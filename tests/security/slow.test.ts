import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { serve } from '../helpers/server.js'

test('who sends slowly is cut off, in the head and in the body', async (t) => {
  const { url } = await serve(t, { 'server.requestTimeoutMs': 300 })
  const { port, hostname } = new URL(url)
  for (const head of ['GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ', `POST /v1/collections HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{`]) {
    const began = performance.now()
    const socket = connect(Number(port), hostname, () => socket.write(head))
    const drip = setInterval(() => socket.writable && socket.write('x'), 50)
    socket.on('error', () => {})
    const answer = await text(socket).catch(() => '')
    clearInterval(drip)
    t.true(performance.now() - began < 60_000, `${performance.now() - began} ms: ${head}`)
    // The connection may be gone before the answer is read.
    if (answer !== '') t.regex(answer, /^HTTP\/1\.1 4\d\d /)
  }
})
