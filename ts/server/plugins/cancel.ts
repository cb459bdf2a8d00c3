import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Aborts when the client goes away before it has its answer. */
    abandoned(): AbortSignal
  }
}

/** Lets handlers stop native work that nobody waits for any more. */
export default fp(async (app: FastifyInstance, { onCancel }: { onCancel: (route: string) => void }) => {
  app.decorateReply('abandoned', function abandoned(this: FastifyReply): AbortSignal {
    const controller = new AbortController()
    this.raw.once('close', () => {
      if (this.raw.writableFinished) return
      onCancel(this.request.routeOptions.url ?? '')
      controller.abort()
    })
    return controller.signal
  })
})
