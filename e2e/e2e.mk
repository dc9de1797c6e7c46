# The console's targets; the root Makefile includes this file.
.PHONY: e2e web-test screenshot bench-map

web-test: web/node_modules/.package-lock.json ## types, words and queries of the console's front end
	cd web && npm run check && npm test

e2e/node_modules/.package-lock.json: e2e/package-lock.json
	cd e2e && npm ci --no-audit --no-fund
	@touch $@

e2e: web-test web/dist/index.html e2e/node_modules/.package-lock.json ## the console in a real Chromium
	@if ./e2e/install.sh; then node e2e/run.mjs; fi

screenshot: web/dist/index.html e2e/node_modules/.package-lock.json ## take docs/console.png anew
	@if ./e2e/install.sh; then node e2e/screenshot.mjs; fi

bench-map: web/dist/index.html e2e/node_modules/.package-lock.json ## script of a frame of the map: 5,000 devices, 50,000 edges
	@if ./e2e/install.sh; then node e2e/map-bench.mjs; fi
