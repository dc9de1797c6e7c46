# The targets of decide/access; the root Makefile includes this file.
.PHONY: bench-access

bench-access: ## measure what a decision about access costs, beside the library as shipped
	$(GO) build -trimpath -o bin/benchaccess ./lab/benchaccess
	$(GO) build -trimpath -o bin/benchpasswords ./decide/identity/benchpasswords
	bin/benchpasswords
	bin/benchaccess
