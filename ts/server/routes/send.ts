import type { FastifyReply } from 'fastify'
import type { Answer } from '../../cache/answers.js'

/**
 * Sends JSON that the core wrote, byte for byte. The declared response type stands for what the bytes hold; fastify
 * serialises no buffers.
 */
export function sendJson(reply: { type(type: string): unknown }, json: Buffer): never {
  const typed = reply as unknown as FastifyReply
  return typed.type('application/json; charset=utf-8').send(json) as never
}

/** The same for what may have been kept; the header says whether it was. */
export function sendKept(reply: { type(type: string): unknown }, { json, hit }: Answer): never {
  ;(reply as unknown as FastifyReply).header('x-cache', hit ? 'hit' : 'miss')
  return sendJson(reply, json)
}
