# The log rules' targets; the root Makefile includes this file.
.PHONY: bench-sigma

bench-sigma: ## measure how fast log events are asked Sigma rules (BULWARK_DATA)
	$(GO) build -trimpath -o bin/benchsigma ./lab/benchsigma
	bin/benchsigma -data "$(BULWARK_DATA)"
