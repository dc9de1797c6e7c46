# The measurements of the traffic rules; the root Makefile includes this file.
.PHONY: bench-prefilter bench-signature

bench-prefilter: ## measure the prefilter of the traffic rules beside vectorscan (BULWARK_DATA; Debian: libvectorscan-dev)
	@mkdir -p bin
	@$(CC) -O2 -o bin/vectorscan detect/signature/bench/vectorscan/main.c -lhs || { rm -f bin/vectorscan; echo "vectorscan is not built (Debian: gcc, libvectorscan-dev): its ratio is skipped"; }
	$(GO) build -trimpath -o bin/benchprefilter ./detect/signature/bench/prefilter
	bin/benchprefilter -data "$(BULWARK_DATA)" $$(test -s "$(BENCH_CAPTURE)" && echo -capture "$(BENCH_CAPTURE)")

bench-signature: bench-prefilter ## measure the sensor with the traffic rules of BULWARK_DATA beside ndpiReader, and the prefilter beside vectorscan
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark
	$(GO) build -trimpath -o bin/benchsensor ./lab/benchsensor
	bin/benchsensor -bulwark $(BIN) -capture "$(BENCH_CAPTURE)" -data "$(BULWARK_DATA)" -only signature
	$(GO) build -trimpath -o bin/benchfinding ./lab/benchfinding
	bin/benchfinding -bulwark $(BIN)
