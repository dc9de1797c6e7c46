// Loads the console's own modules as the build sees them.
import { after } from 'node:test'
import { createServer } from 'vite'

// What the modules ask of a browser when they are loaded.
globalThis.document = { documentElement: { lang: 'en', dataset: {} } }
globalThis.location = new URL('https://localhost/now')

export async function load(...paths) {
  const server = await createServer({ root: new URL('..', import.meta.url).pathname, logLevel: 'error', appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
  after(() => server.close())
  return Promise.all(paths.map((p) => server.ssrLoadModule(p)))
}
