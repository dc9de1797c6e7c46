# The targets of logs; the root Makefile includes this file.
.PHONY: bench-intake

bench-intake: ## measure how many events of syslog over TLS, of _bulk and of Windows are taken in and stored on two cores
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/benchintake ./observe/logs/bench
	bin/benchintake -bulwark $(BIN)
