# The lab's targets; the root Makefile includes this file.
BULWARK_DATA ?=
BENCH_CAPTURE ?= $(or $(XDG_CACHE_HOME),/var/tmp)/bulwark/bench.pcap
BENCH_RECORDED ?= $(dir $(BENCH_CAPTURE))recorded.pcap

# Enforcement points, each against the real program that it speaks to.
PEERS = ./respond/directory ./respond/radius ./respond/sinkhole ./respond/snmp

.PHONY: lab bench-capture

# The small hospital with Bulwark on its mirror port (see lab/doc.go), then with its filter in the switch while it is attacked, and
# what Bulwark reads in the bundled capture of it.
lab: ## run the small hospital with Bulwark watching, attack it, and check what Bulwark saw and stopped (root)
	@mkdir -p bin
	CGO_ENABLED=0 go build -o bin/bulwark ./cmd/bulwark
	CGO_ENABLED=0 go build -o bin/lab ./lab/cmd/lab
	@status=0; \
	if [ "$$(id -u)" != 0 ]; then echo "SKIP lab_expectations making network namespaces needs root"; \
	elif ./lab/install.sh; then bin/lab live -bulwark bin/bulwark || status=1; bin/lab contain -bulwark bin/bulwark || status=1; \
	go test -count=1 -p 1 $(PEERS) || status=1; \
	CGO_ENABLED=0 go test -count=1 -run '^Test(AnAccountTakenOver|SomebodyOfTheDomain)' ./node || status=1; \
	(set -o pipefail; CGO_ENABLED=0 go test -count=1 -v -run '^TestPeopleOf' ./decide/identity | grep -vE '^ *(===|--- PASS)') || status=1; \
	else status=1; fi; \
	bin/lab run -bulwark bin/bulwark -capture content/demo/hospital.pcap.zst || status=1; \
	exit $$status

# The large mixed capture that the sensor is measured on: see lab/benchcapture. Its recorded half is made once and kept
# beside it; without root the public half fills the file.
bench-capture: ## make the large capture that the sensor is measured on (BULWARK_DATA, root)
	@test -n "$(BULWARK_DATA)" || { echo "bench-capture: set BULWARK_DATA to the folder that holds sensor/"; exit 1; }
	@mkdir -p "$(dir $(BENCH_CAPTURE))"
	@if [ "$$(id -u)" != 0 ]; then echo "SKIP recorded half: recording the lab needs root"; \
	elif [ ! -s "$(BENCH_RECORDED)" ]; then ./lab/install.sh && go build -o bin/lab ./lab/cmd/lab && \
	bin/lab record-bench -seed 1 -o "$(BENCH_RECORDED).part" && mv "$(BENCH_RECORDED).part" "$(BENCH_RECORDED)"; fi
	go run ./lab/benchcapture -data "$(BULWARK_DATA)/sensor" $$(test -s "$(BENCH_RECORDED)" && echo -lab "$(BENCH_RECORDED)") -seed 1 -gb 1 -o "$(BENCH_CAPTURE)"
