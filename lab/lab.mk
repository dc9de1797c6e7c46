# The lab's targets; the root Makefile includes this file.
BULWARK_DATA ?=
BENCH_CAPTURE ?= $(or $(XDG_CACHE_HOME),/var/tmp)/bulwark/bench.pcap

.PHONY: lab bench-capture

# The small hospital, watched by Bulwark: see lab/doc.go.
lab:
	@if [ "$$(id -u)" != 0 ]; then echo "SKIP lab needs root to make network namespaces"; else \
	./lab/install.sh && mkdir -p bin && go build -o bin/bulwark ./cmd/bulwark && go run ./lab/cmd/lab run -bulwark bin/bulwark; fi

# The large mixed capture that the sensor is measured on: see lab/benchcapture.
bench-capture:
	@test -n "$(BULWARK_DATA)" || { echo "bench-capture: set BULWARK_DATA to the folder that holds sensor/"; exit 1; }
	go run ./lab/benchcapture -data "$(BULWARK_DATA)/sensor" -seed 1 -gb 1 -o "$(BENCH_CAPTURE)"
