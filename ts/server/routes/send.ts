import type { FastifyReply } from 'fastify'

/**
 * Sends JSON that the core wrote, byte for byte. The declared response type stands for what the bytes hold; fastify
 * serialises no buffers.
 */
export function sendJson(reply: { type(type: string): unknown }, json: Buffer): never {
  const typed = reply as unknown as FastifyReply
  return typed.type('application/json; charset=utf-8').send(json) as never
}
