# Each target sets up what it needs: a virtual environment in .venv, and the packages in it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-stamp
DEV := $(VENV)/.dev-stamp

.PHONY: demo test check format schemas lock bench clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "reconciler needs Python 3.11 or later; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(RUN) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

# The storefront example against an empty sandbox. The "secrets" are placeholders for it.
demo: export FASTLY_API_TOKEN = placeholder-for-fastly
demo: export CLOUDFLARE_API_TOKEN = placeholder-for-cloudflare
demo: export SPLIT_ADMIN_API_KEY = placeholder-for-split
demo: export FLAG_IMPORT_LD_API_KEY = placeholder-for-import
demo: $(RUN)
	@$(BIN)/reconciler sandbox reset --state .reconciler/demo.db
	$(BIN)/reconciler plan --sandbox-state .reconciler/demo.db examples/storefront
	$(BIN)/reconciler apply --sandbox-state .reconciler/demo.db --auto-approve examples/storefront
	$(BIN)/reconciler plan --sandbox-state .reconciler/demo.db examples/storefront

test: $(DEV)
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The action's locked dependencies, for every platform, from pyproject.toml.
lock: $(DEV)
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements/action.txt pyproject.toml requirements/action.in

# Ratios, measured in one run; not part of the tests.
bench: $(DEV)
	$(BIN)/python benchmarks/pacing.py

# The schemas that stand in schemas/, made from the models.
schemas: $(RUN)
	$(BIN)/reconciler schema --out schemas

clean:
	rm -rf $(VENV) .reconciler .mypy_cache .ruff_cache .pytest_cache .hypothesis
