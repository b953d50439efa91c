# `make run` and `make test` are all that a fresh machine needs; both prepare .venv/ first.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
ARTIFACTS_PORT ?= 8000
DATA_DIR ?= data
EXTRAS ?=
VENV := .venv
BIN := $(VENV)/bin
comma := ,
# One stamp for each set of extras, so that asking for another set installs it.
stamp = $(VENV)/.installed-$(subst $(comma),-,$(or $(1),default))
install = $(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[$(1)]" && touch $@

.PHONY: setup run test check lint bench image clean

setup: $(call stamp,$(EXTRAS))

run: setup
	$(BIN)/gym-server run --host $(HOST) --port $(PORT) --artifacts-port $(ARTIFACTS_PORT) --data-dir $(DATA_DIR)

test: $(call stamp,test) lint
	$(BIN)/pytest

check: $(call stamp,test) lint
	$(BIN)/pytest -m "not slow"

lint: $(call stamp,test)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(call stamp,test)
	$(BIN)/python benchmarks/create.py

image:
	./image.sh

clean:
	rm -rf $(VENV) build *.egg-info

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: $(VENV)/bin/pip pyproject.toml requirements.lock
	$(call install,$(if $(filter $*,default),,$(if $(filter $*,test),test,$(EXTRAS))))
