# Dakehu: every verb a newcomer, a developer or CI needs. `make` alone prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
SOURCES := services shared bench client tests
WORKERS ?= 2
ARGS ?=
VIEW ?=

LONG = tests/faults/test_deliveries.py tests/faults/test_replays.py tests/webhooks/test_many_receivers.py \
	tests/streams/test_event_stream.py tests/bench

.PHONY: help setup run demo test check fmt lint types contracts published bench bench-monday soak migrate rebuild docs lock clean

help: ## print these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV) ## make .venv with the locked packages; does nothing when it is up to date

run: $(RUNTIME) ## start the database, the three services, the worker and the front door; Ctrl-C ends them
	@exec $(BIN)/dakehu run $(ARGS)

demo: $(RUNTIME) ## the same with a generated sales organisation, and its tables printed
	@exec $(BIN)/dakehu demo $(ARGS)

test: $(DEV) ## run every test
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(DEV) ## format, lint, types, import contracts and what is published, changing nothing
	@$(BIN)/ruff format --check $(SOURCES) migrations
	@$(BIN)/ruff check $(SOURCES) migrations
	@$(BIN)/mypy --strict $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python -m services.compatibility

fmt: $(DEV) ## format the code and mend what the linter can mend
	@$(BIN)/ruff format $(SOURCES) migrations
	@$(BIN)/ruff check --fix $(SOURCES) migrations

lint: $(DEV) ## ruff
	@$(BIN)/ruff check $(SOURCES) migrations

types: $(DEV) ## mypy --strict
	@$(BIN)/mypy --strict $(SOURCES)

contracts: $(DEV) ## who may import whom
	@$(BIN)/lint-imports

bench: $(DEV) ## measure against the peers; prints one JSON document
	@exec $(BIN)/dakehu bench $(ARGS)

bench-monday: $(DEV) ## what this machine holds of a Monday morning: 1 M events, half an hour or less
	@exec $(BIN)/dakehu bench-monday $(ARGS)

soak: $(DEV) ## the long runs: many writers for a minute; deliveries while workers die, replays, sick receivers
	@$(BIN)/dakehu soak $(ARGS)
	@DAKEHU_SOAK=1 DAKEHU_REPLAYED=100000 exec $(BIN)/pytest -q -s -p no:xdist -o faulthandler_timeout=3600 $(LONG)

migrate: $(RUNTIME) ## bring the database to the newest schema
	@exec $(BIN)/dakehu migrate $(ARGS)

rebuild: $(RUNTIME) ## build a view again from the log: make rebuild VIEW=opportunities.standings
	@exec $(BIN)/dakehu rebuild $(VIEW) $(ARGS)

docs: $(DEV) ## write docs/events.md again from the classes of the events
	@exec $(BIN)/python -m services.event_page

published: $(DEV) ## record new events and routes as published; refuses what breaks those that are
	@exec $(BIN)/python -m services.compatibility --write $(ARGS)

lock: $(DEV) ## choose package versions anew and write both lock files
	@export CUSTOM_COMPILE_COMMAND="make lock"; \
	compile="$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links"; \
	$$compile --extra build -o requirements.lock pyproject.toml; \
	$$compile --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## remove .venv and the caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with PYTHON=…" >&2; exit 1; }
	@# some systems ship Python without ensurepip: the pip beside it then installs into the new environment
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Dakehu needs …"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME) | $(BIN)/python
	@echo "Installing what the tests and checks need …"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
