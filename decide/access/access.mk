# The targets of decide/access; the root Makefile includes this file.
.PHONY: bench-access

bench-access: ## measure what a decision about access costs, beside the library as shipped and Open Policy Agent
	$(GO) build -trimpath -o bin/benchaccess ./lab/benchaccess
	cd lab/benchopa && $(GO) build -trimpath -o ../../bin/benchopa .
	$(GO) build -trimpath -o bin/benchpasswords ./decide/identity/benchpasswords
	$(GO) test -c -o bin/node.test ./node
	cd node && BULWARK_BENCH=10 ../bin/node.test -test.run '^TestOpenStreams'
	bin/benchpasswords
	bin/benchaccess -opa bin/benchopa
	BULWARK_YEAR=120 $(GO) test ./decide/access -run '^TestAYearOfBrokenGlasses' -count=1 -timeout 20m -v | grep -v '^[=-]'
	$(GO) test ./decide/access -run '^TestNoSlip' -count=1 -v | grep RESULT
