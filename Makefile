# Everything a newcomer, an operator or CI runs. Needs Python 3.11 and make; the rest is installed into .venv.
PYTHON ?= python3.11
ROOT := $(CURDIR)
export DAGSTER_HOME := $(ROOT)
BIN := .venv/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check --no-deps
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
SQL_LINTED := .venv/.sql-linted

.PHONY: help run test test-all bench endurance ui sql setup setup-dev lint lock dictionary rooms docs clean
help:                 ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: setup            ## the main job: files to report
	$(BIN)/zonescope run

# Where bytecode is not kept, each worker and each process that a test starts compiles all modules anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
# Each of the two workers has one core: more threads would wait for each other. The long proofs take as many as there are.
ONE_THREAD := POLARS_MAX_THREADS=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
test: setup-dev       ## the fast tests: each proof in small, a few examples of each property
	$(ONE_THREAD) $(PYTEST) -m "not slow"

test-all: setup-dev   ## what `make test` leaves out: whole runs, kills, monsters of full size, all examples of each property
	HYPOTHESIS_PROFILE=long $(PYTEST) -m "slow or property"

bench: setup          ## cost of landing 10 M customs lines (needs 6 GB of disk), of the metrics, of the clusters
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.metrics
	$(BIN)/python -m benchmarks.cluster_metrics

endurance: setup      ## 100 killed runs, 25 publications under 4 readers, runs on 1 to 16 M records (needs 12 GB of disk)
	$(BIN)/python -m benchmarks.crash
	$(BIN)/python -m benchmarks.concurrency
	$(BIN)/python -m benchmarks.growth

ui: setup             ## Dagster UI and daemon on http://127.0.0.1:3000, closed to other web pages
	$(BIN)/zonescope ui

sql: setup            ## read-only SQL prompt on the published warehouse
	$(BIN)/zonescope sql

setup: $(STAMP)       ## what a run needs, into .venv (all other targets do this by themselves)
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-build-isolation -e .
	touch $(STAMP)

setup-dev: $(DEV_STAMP) ## and what tests, lint, types and docs need
$(DEV_STAMP): $(STAMP) requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $(DEV_STAMP)

lint: setup-dev $(SQL_LINTED) ## style, layout, layers, types, SQL, Dagster's definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/dg check defs

# The slowest of the tools (a third of a second a SELECT) reads only what has changed since it was last content.
$(SQL_LINTED): .sqlfluff requirements-dev.lock $(shell find warehouse docs/queries -name '*.sql') | $(DEV_STAMP)
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(if $(filter-out %.sql,$?),warehouse docs/queries,$?)
	touch $@

COMPILE := uv pip compile -q --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate
lock:                 ## compile both requirements files into locks; UPGRADE=1 takes the newest of what they leave open (needs uv)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements-dev.in -c requirements.lock -o requirements-dev.lock

dictionary: setup     ## docs/dictionary.md from the contracts
	$(BIN)/zonescope dictionary

rooms: setup-dev      ## docs/rooms.svg and the table of docs/architecture.md from the imports
	PYTHONPATH=. $(BIN)/python docs/rooms.py

docs: setup-dev       ## the documentation as pages in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:                ## remove runtime data and Dagster's state
	rm -rf .data .dagster
