# Two commands: `make run` shows flywatch at work, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup run pipeline test lint unit servers kafka fuzz bench bench-worst bench-peers bench-receive bench-ship lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv with everything pinned
.venv/.ready: requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "flywatch needs Python 3.11 or newer: install it, or name it with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a venv: install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@echo "installing pinned packages into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## watch what is piped in, FILES=..., or else a recorded incident; no broker needed
ifdef FILES
	@flywatch replay $(FILES)
else
	@if [ -p /dev/stdin ] || { [ -f /dev/stdin ] && [ -s /dev/stdin ]; }; \
	then flywatch local --app $(or $(APP),local); \
	else echo "no input: replaying the recorded incident of demo/README.md"; flywatch replay demo/incident.ndjson.gz; fi
endif

pipeline: setup ## the recorded incident through a local Kafka: shipper, worker, alerts topic
	@demo/pipeline.sh

test: lint unit ## everything, with a real Kafka

lint: setup
	@ruff check .
	@ruff format --check --quiet . || { echo "run: ruff format ." >&2; exit 1; }
	@mypy

unit: setup servers
	@pytest -n 2 --dist loadfile  # most of the time is waiting, for brokers above all

servers: ## the servers that tests of sources and probes start: Debian's nats-server, postgresql and prometheus
	@for package in nats-server postgresql prometheus; do \
		compgen -G "/usr/sbin/$$package" >/dev/null || compgen -G "/usr/bin/$$package" >/dev/null || [ -d /usr/lib/$$package ] && continue; \
		echo "installing Debian's $$package for the tests"; \
		for try in 1 2 3; do \
			apt-get install --yes --quiet $$package >/dev/null 2>&1 && continue 2; \
			apt-get update --quiet >/dev/null 2>&1 || sleep 5; \
		done; \
		echo "install $$package: tests that start it are left out" >&2; done

kafka: setup ## a local broker in the foreground; ctrl-C stops it and cleans up
	@exec python config/kafka/broker.py

fuzz: setup ## 100,000 damaged lines of each family of formats
	@FUZZ_LINES=100000 pytest tests/test_parsing_fuzz.py -k damaged_lines_of_a_family --timeout 0

bench: setup ## lines/s and the ratio to orjson.loads: the core, then one and two workers on Kafka
	@python -m tests.bench.core
	@python -m tests.bench.workers

bench-worst: setup ## the slowest of many hostile lines for each parser, and one line through everything
	@python -m tests.bench.worst

bench-peers: setup ## whole commands over one nginx file: flywatch replay, goaccess (Debian's), angle-grinder (cargo's)
	@command -v goaccess >/dev/null || apt-get install --yes --quiet goaccess >/dev/null || { echo "install goaccess" >&2; exit 1; }
	@command -v agrind >/dev/null || [ -x .peers/bin/agrind ] || cargo install --quiet ag --root .peers || { echo "install ag" >&2; exit 1; }
	@python -m tests.bench.peers

bench-receive: setup ## lines/s that flyship receive takes, gzip and NDJSON, and its ratio to orjson.loads
	@python -m tests.bench.receive

bench-ship: setup ## lines/s of flyship files into a local Kafka, and the ratio to orjson.loads
	@python -m tests.bench.ship

lock: ## resolve pyproject.toml into requirements.lock again (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-annotate --output-file requirements.lock

clean:
	rm -rf .venv .kafka .flywatch .mypy_cache .ruff_cache .pytest_cache .hypothesis
