# The targets of logs; the root Makefile includes this file.
.PHONY: bench-intake intake-peers intake-kills

bench-intake: ## measure how many events of syslog over TLS, of _bulk and of Windows are taken in and stored on two cores
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/benchintake ./observe/logs/bench
	bin/benchintake -bulwark $(BIN)

intake-peers: ## send logs and flows by the programs of others that hospitals have (root)
	@if [ "$$(id -u)" != 0 ]; then echo "SKIP intake_peers installing the programs needs root"; else \
	set -o pipefail; ./observe/logs/peers.sh && $(GO) test -count=1 -v -run '^TestRealSendersAreUnderstood$$' ./observe/logs | grep -E 'RESULT|SKIP|FAIL|_test.go' && \
	$(GO) test -count=1 -v -run '^TestMachinesForwardByKerberos$$' ./observe/logs/internal/wef | grep -E '^(---|    ---|ok|SKIP|FAIL)|_test.go'; fi

intake-kills: ## kill the program while senders work, and look for all that it had acknowledged
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/benchintake ./observe/logs/bench
	bin/benchintake -bulwark $(BIN) -kills 12
