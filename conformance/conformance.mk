# The targets of conformance/; the root Makefile includes this file.
.PHONY: conformance conformance-update cedar-oracle

# The official engine of Cedar; where it cannot be installed its suite says so and is left out.
cedar-oracle:
	@test -d conformance/cedar/node_modules/@cedar-policy || (cd conformance/cedar && npm ci --silent --no-audit --no-fund) || true

conformance: cedar-oracle ## measure the sensor against what others state about their captures (BULWARK_DATA)
	$(GO) run ./conformance/cmd/conformance
	@set -o pipefail; $(GO) test -count=1 -v -run '^TestWhatAProviderDidNotSayIsRefused$$' ./decide/identity/saml | sed -n 's/^.*\(RESULT .*\)$$/\1/p; /FAIL/p; /panic/p'
	@set -o pipefail; if [ -z "$(BULWARK_DATA)" ]; then echo "SKIP hostile_captures BULWARK_DATA is not set: the outside captures are not there"; \
	else $(GO) test -count=1 -v -run '^TestNoCaptureHurts$$' ./observe/sensor/internal/engine | sed -n 's/^.*\(RESULT .*\)$$/\1/p; /FAIL/p; /panic/p'; fi

conformance-update: cedar-oracle ## write the ledgers of conformance/ anew
	$(GO) run ./conformance/cmd/conformance -update
