import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The console is served under a strict content security policy: no inline script or style, nothing from elsewhere.
export default defineConfig({
  plugins: [svelte()],
  build: { target: 'es2022', cssTarget: 'chrome123', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': { target: 'https://localhost:8443', secure: false } } },
})
