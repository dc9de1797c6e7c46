# The inventory's targets; the root Makefile includes this file.
.PHONY: bench-inventory

bench-inventory: ## measure the inventory: its share of the sensor's CPU, 20,000 devices in memory, start-up, lists and searches
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchinventory ./lab/benchinventory
	bin/benchinventory -bulwark $(BIN) $$(test -s "$(BENCH_CAPTURE)" && echo -capture "$(BENCH_CAPTURE)")
