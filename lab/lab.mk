# The lab's targets; the root Makefile includes this file.
BULWARK_DATA ?=
BENCH_CAPTURE ?= $(or $(XDG_CACHE_HOME),/var/tmp)/bulwark/bench.pcap

.PHONY: bench-capture

# The large mixed capture that the sensor is measured on: see lab/benchcapture.
bench-capture:
	@test -n "$(BULWARK_DATA)" || { echo "bench-capture: set BULWARK_DATA to the folder that holds sensor/"; exit 1; }
	go run ./lab/benchcapture -data "$(BULWARK_DATA)/sensor" -seed 1 -gb 1 -o "$(BENCH_CAPTURE)"
