# The incidents' targets; the root Makefile includes this file.
.PHONY: bench-incidents

bench-incidents: ## measure how labelled alerts become incidents (BULWARK_DATA)
	$(GO) build -trimpath -o bin/benchincidents ./lab/benchincidents
	bin/benchincidents -data "$(BULWARK_DATA)"
