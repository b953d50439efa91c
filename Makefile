# `make run` and `make test` are all that a fresh machine needs: what .venv/ lacks is installed first.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
ARTIFACTS_PORT ?= 8000
DATA_DIR ?= data
EXTRAS ?=
IMAGE ?= gym-server

# The first two lines of `make run` are its addresses, also where another make calls it.
MAKEFLAGS += --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
BIN := .venv/bin
BENCH := build/bench
TRAIN := build/train
# What pip takes for PyTorch, which a trainer needs: a version or a file, say, without the gigabytes for graphics cards.
TORCH ?= torch
ONLY ?=
comma := ,
# One stamp for each set of extras ever asked for, so that another set installs what it adds and nothing else.
stamp = .venv/.installed-$(or $(subst $(comma),-,$(strip $(1))),default)
TEST := $(call stamp,test)

.PHONY: setup run test check lint bench train-example screenshots chaos soak image lock clean

setup: $(call stamp,$(EXTRAS))

run: setup
	@exec $(BIN)/gym-server run --host "$(HOST)" --port "$(PORT)" --artifacts-port "$(ARTIFACTS_PORT)" \
		--data-dir "$(DATA_DIR)"

test: lint
	$(BIN)/pytest

check: lint
	$(BIN)/pytest -m "not slow"

lint: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Writes benchmarks/RESULTS.md; with ONLY="websocket rest" just these parts of it anew.
bench: $(BENCH)/.installed
	PYTHONPATH=clients/python/src $(BENCH)/bin/python -m benchmarks.results $(ONLY)

# Minutes of a well-known trainer, with environments on a server and with those of Gymnasium itself.
train-example: $(TRAIN)/.installed
	$(TRAIN)/bin/python clients/python/examples/train_cartpole.py

# Pictures of all pages in use, which the README shows.
screenshots: $(TEST)
	$(BIN)/python -m tests.pages.screenshots

# Five minutes of random harm, and a hundred thousand steps: what they show is whether anything is left behind.
chaos soak: $(TEST)
	$(BIN)/python -m benchmarks.$@

image:
	@.ci/image "$(IMAGE)" "$(EXTRAS)"

# The newest versions that pyproject.toml allows become the ones that everybody installs.
lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip install --quiet --upgrade setuptools ".[test]"
	build/lock/bin/pip freeze --all --exclude pip --exclude gym-server > requirements.lock
	build/lock/bin/pip install --quiet ".[test,bench]"
	build/lock/bin/pip freeze --all --exclude pip --exclude gym-server > requirements-bench.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Through the environment the pins hold for the build backend as well; since pip 25.3 it has a variable of its own.
.venv/.installed-%: export PIP_CONSTRAINT := requirements.lock
.venv/.installed-%: export PIP_BUILD_CONSTRAINT := requirements.lock
.venv/.installed-%: extras = $(subst -,$(comma),$(filter-out default,$*))
.venv/.installed-%: pyproject.toml requirements.lock
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "installing gym-server$(and $(extras),[$(extras)]) into .venv/" >&2
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --disable-pip-version-check \
		--editable ".$(and $(extras),[$(extras)])" | sed -nu 's/^Collecting \([^ ]*\).*/  \1/p' >&2
	@touch $@

# A place of its own: what the others need holds Pillow below the version that the server is locked to.
$(BENCH)/.installed: export PIP_CONSTRAINT := requirements-bench.lock
$(BENCH)/.installed: export PIP_BUILD_CONSTRAINT := requirements-bench.lock
$(BENCH)/.installed: pyproject.toml requirements-bench.lock
	@$(BENCH)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(BENCH)
	@echo "installing gym-server[test,bench] into $(BENCH)/" >&2
	@PYTHONWARNINGS=ignore $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable ".[test,bench]"
	@touch $@

$(TRAIN)/.installed: export PIP_CONSTRAINT := requirements.lock
$(TRAIN)/.installed: export PIP_BUILD_CONSTRAINT := requirements.lock
$(TRAIN)/.installed: pyproject.toml clients/python/pyproject.toml requirements.lock
	@$(TRAIN)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(TRAIN)
	@echo "installing gym-server and gym-server-client[train] into $(TRAIN)/" >&2
	@PYTHONWARNINGS=ignore $(TRAIN)/bin/python -m pip install --quiet --disable-pip-version-check \
		"$(TORCH)" --editable . --editable "clients/python[train]"
	@touch $@
