import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { App } from '../app.js'

/** The search page at `/`: static files without data, so open to all; the API behind it asks for keys. */
export default async function page(app: App): Promise<void> {
  const root = fileURLToPath(new URL('../page/', import.meta.url))
  await app.register(fastifyStatic, { root, serve: false, index: false, maxAge: 0 })
  for (const [url, file] of Object.entries({ '/': 'index.html', '/page.css': 'page.css', '/page.js': 'page.js', '/favicon.svg': 'favicon.svg', '/favicon.ico': 'favicon.svg' })) {
    app.get(url, { config: { access: 'open' }, schema: { hide: true } }, (_request, reply) => reply.sendFile(file))
  }
}
