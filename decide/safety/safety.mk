# What the clinical interlock promises, tried at random as part of the tests; the root Makefile includes this file.
.PHONY: interlock

test: interlock

interlock: ## try the clinical interlock on 100,000 random cases
	@set -o pipefail; $(GO) test -count=1 -v -run '^TestInterlock$$' ./decide/safety | sed -n 's/^.*\(RESULT .*\)$$/\1/p; /FAIL/p; /panic/p; /broken/p'
