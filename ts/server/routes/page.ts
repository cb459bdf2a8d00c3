import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { App } from '../app.js'

/** Plot writes styles into the drawings that it makes. */
const PLOT_CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

const require = createRequire(import.meta.url)
/** The builds for browsers stand beside the entries of their packages. */
const VENDOR = { '/vendor/d3.js': beside('d3', 'd3.min.js'), '/vendor/plot.js': beside('@observablehq/plot', 'plot.umd.min.js') }

function beside(name: string, file: string): string {
  const folders = require.resolve.paths(name) ?? []
  return folders.map((folder) => path.join(folder, name, 'dist', file)).find(existsSync) ?? file
}

/** The search page at `/`: static files without data, so open to all; the API behind it asks for keys. */
export default async function page(app: App): Promise<void> {
  const root = fileURLToPath(new URL('../page/', import.meta.url))
  await app.register(fastifyStatic, { root, serve: false, index: false, maxAge: 0 })
  for (const [url, file] of Object.entries({ '/': 'index.html', '/page.css': 'page.css', '/page.js': 'page.js', '/api.js': 'api.js', '/graph.css': 'graph.css', '/graph.js': 'graph.js', '/plane.js': 'plane.js', '/favicon.svg': 'favicon.svg', '/favicon.ico': 'favicon.svg' })) {
    app.get(url, { config: { access: 'open' }, schema: { hide: true } }, (_request, reply) => reply.sendFile(file))
  }
  app.get('/graph', { config: { access: 'open' }, schema: { hide: true } }, (_request, reply) => {
    void reply.header('content-security-policy', PLOT_CSP)
    return reply.sendFile('graph.html')
  })
  // What draws comes with the packages that it is from; nothing is fetched from elsewhere.
  for (const [url, file] of Object.entries(VENDOR)) {
    app.get(url, { config: { access: 'open' }, schema: { hide: true } }, (_request, reply) => reply.sendFile(path.basename(file), path.dirname(file), { maxAge: '1d' }))
  }
}
