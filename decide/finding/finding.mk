# The findings' targets; the root Makefile includes this file.
.PHONY: bench-findings

bench-findings: ## measure how long it takes from a packet to a finding, live (root), and lists and searches of 100,000 findings
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchfinding ./lab/benchfinding
	bin/benchfinding -bulwark $(BIN)
	$(GO) test -run '^$$' -bench 'Lists|Flood' -benchtime 20x ./decide/finding
	$(GO) test -run '^$$' -bench 'Full|Keep' -benchtime 1x ./decide/finding
