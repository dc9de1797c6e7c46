import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The console is served under a strict content security policy: no inline script or style, nothing from elsewhere.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022', cssTarget: 'chrome123', assetsInlineLimit: 0, modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What rooms share comes in one piece, not in one for each icon, and rooms that are alike come together: fewer
        // requests, and better packed.
        codeSplitting: {
          groups: [
            { name: 'base', test: /node_modules\/(svelte|esm-env|clsx|@lucide|uplot)\/|src\/(ui|lib|i18n\/index|rooms\/rooms|rooms\/\w+\/model)/, minShareCount: 2 },
            { name: 'inventory', test: /src\/rooms\/(devices|dependencies|map)\// },
            { name: 'response', test: /src\/rooms\/(incidents|response|safety|playbooks|cases|oncall)\// },
            { name: 'detection', test: /src\/rooms\/(findings|detections)\// },
            { name: 'sources', test: /src\/rooms\/sources\// },
          ],
        },
      },
    },
  },
  server: { fs: { allow: ['..'] }, proxy: { '/api': { target: 'https://localhost:8443', secure: false } } },
})
