# The sensor's targets; the root Makefile includes this file.
.PHONY: soak bench-sensor bench-live bench-ring

bench-sensor: ## measure the sensor beside gopacket, ndpiReader and tshark on the capture that make bench-capture made
	@command -v ndpiReader >/dev/null || echo "ndpiReader is not installed (Debian: libndpi-bin): its ratio is skipped"
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchsensor ./lab/benchsensor
	bin/benchsensor -bulwark $(BIN) -capture "$(BENCH_CAPTURE)"

bench-live: ## measure what the sensor loses live, at 80 % of its offline rate and above; needs root and two quiet cores
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchsensor ./lab/benchsensor
	bin/benchsensor -bulwark $(BIN) -capture "$(BENCH_CAPTURE)" -only live

bench-ring: ## measure what the packet ring costs the sensor, on the same capture
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchsensor ./lab/benchsensor
	bin/benchsensor -bulwark $(BIN) -capture "$(BENCH_CAPTURE)" -only ring -rounds 7

SOAK ?= 30m
soak: ## read the bench capture over and over for SOAK (default 30m) and watch the memory
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchsensor ./lab/benchsensor
	bin/benchsensor -bulwark $(BIN) -capture "$(BENCH_CAPTURE)" -soak $(SOAK)
