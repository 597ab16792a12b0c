# Everything a newcomer, an operator or CI runs. Needs Python 3.11 and make; the rest is installed into .venv.
PYTHON ?= python3.11
ROOT := $(CURDIR)
export DAGSTER_HOME := $(ROOT)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: run test bench endurance ui sql setup lint lock dictionary clean
run: setup            ## the main job: files to report
	$(BIN)/zonescope run

test: setup           ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

bench: setup          ## cost of landing 10 M customs lines (needs 6 GB of disk), of the metrics, of the clusters
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.metrics
	$(BIN)/python -m benchmarks.cluster_metrics

endurance: setup      ## 100 killed runs, 25 publications under 4 readers, runs on 1 to 16 M records (needs 12 GB of disk)
	$(BIN)/python -m benchmarks.crash
	$(BIN)/python -m benchmarks.concurrency
	$(BIN)/python -m benchmarks.growth

ui: setup             ## Dagster UI and daemon on loopback
	mkdir -p .dagster && $(BIN)/dagster instance info > /dev/null
	$(BIN)/dg dev --host 127.0.0.1 --port 3000

sql: setup            ## read-only SQL prompt on the published warehouse
	$(BIN)/zonescope sql

setup: $(STAMP)
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

lint: setup           ## style
	$(BIN)/ruff check . && $(BIN)/dg check defs

lock:                 ## compile requirements.in into requirements.lock (needs uv)
	uv pip compile requirements.in --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate -o requirements.lock

dictionary: setup     ## docs/dictionary.md from the contracts
	$(BIN)/zonescope dictionary

clean:                ## remove runtime data and Dagster's state
	rm -rf .data .dagster
