# Measurements of the spine. Their data goes under BULWARK_SCRATCH and is removed afterwards.
BULWARK_SCRATCH ?= /var/tmp/bulwark
KILLS ?= 100
N ?= 10000000

.PHONY: crash bench-store

crash: ## kill a publishing and storing process KILLS times, count what is lost or doubled
	CGO_ENABLED=0 go run ./platform/store/crash -dir $(BULWARK_SCRATCH)/crash -kills $(KILLS)

bench-store: ## ingest N events from the bus to searchable rows, then time the queries of a hunt
	CGO_ENABLED=0 go run ./platform/store/bench -dir $(BULWARK_SCRATCH)/bench -n $(N)
