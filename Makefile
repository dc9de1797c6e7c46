# Bulwark. `make run` sets up all it needs and starts it; `make test` checks it. The rest is below.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

export CGO_ENABLED := 0
GO ?= go
BIN := bin/bulwark
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null) content/rules/titles.fr.tsv

.PHONY: help run build web test fmt vet lint unit fuzz generate clean

help: ## say what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

run: build ## watch the network and open the console; PCAP=file shows a capture instead; ARGS=... are passed on
	$(BIN) up $(if $(PCAP),--pcap "$(PCAP)") $(ARGS)

build: web ## build the console and the binary
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/bulwark

web: web/dist/index.html ## build the console

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

test: fmt vet lint unit ## formatting, vet, staticcheck, unit and house tests

fmt:
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; test -z "$$out" || { echo "not formatted, run gofmt -w on:"; echo "$$out"; exit 1; }

vet:
	$(GO) vet ./...

lint:
	$(GO) run $(STATICCHECK) ./...

unit:
	$(GO) test ./...

FUZZTIME ?= 5m
FUZZ ?= ./...
fuzz: ## fuzz every decoder for FUZZTIME each: a time (default 5m) or a count (500x)
	@set -e; for p in $$($(GO) list $(FUZZ)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "fuzz $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; done; done

generate: ## make the generated files anew
	$(GO) generate ./...

clean: ## remove what was built
	rm -rf bin web/dist/assets web/dist/index.html

-include platform/platform.mk observe/sensor/sensor.mk observe/logs/logs.mk observe/inventory/inventory.mk decide/finding/finding.mk decide/incident/incident.mk decide/safety/safety.mk decide/access/access.mk detect/signature/bench/prefilter.mk detect/logrule/logrule.mk lab/lab.mk e2e/e2e.mk conformance/conformance.mk
