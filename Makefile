# Everything a newcomer or CI needs. All of it works from a clean checkout with Python 3.11+, make and the package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo serve check lint test thorough lock clean

help:  ## What there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

setup: $(VENV)/.ready $(VENV)/.prepared  ## A virtual environment with exactly the locked packages

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Loket needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages (about a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The product's own phrases, embedded once: a new home would spend seconds on them.
PHRASES := $(wildcard policies/concepts/*.yaml agent/situations/*.yaml tools/builtin/*.py tools/builtin/*.yaml)
$(VENV)/.prepared: $(VENV)/.ready $(PHRASES)
	@$(BIN)/python -m loket.prepare
	@touch $@

demo: setup  ## One employee's day at the counter, played in this terminal
	@$(BIN)/loket demo

serve: setup  ## The service in this terminal: one process, SQLite, the sample staff; Ctrl-C stops it
	@$(BIN)/loket serve

lint: setup  ## Format, lint, types and layers
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python -m mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >$(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }

check: lint  ## lint and the unit tests: a minute
	@$(BIN)/python -m pytest -q -n 2 -m "not slow and not thorough and not postgres and not data" tests/unit tests/test_*.py

test: lint  ## Every test but a part of the costly ones; says what it skipped and why
	@$(BIN)/python -m pytest -q -n 2 -m "not thorough" $(PYTEST)

thorough: setup  ## The rest: real processes under every trouble, planted bugs, whole handbooks; most of an hour, one at a time
	@$(BIN)/python -m pytest -q -m thorough --durations=10 $(PYTEST)

# requirements.lock: what the service needs. requirements-dev.lock: the same and what working on it needs, for `make setup`.
# requirements-build.lock: what makes the package, for the Dockerfile. Versions change only where pyproject.toml asks.
RESOLVE := $(VENV)/lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-annotate --custom-compile-command "make lock" --quiet

lock: setup  ## Resolve the packages anew and write the lock files
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet uv
	@$(RESOLVE) pyproject.toml -o requirements.lock
	@$(RESOLVE) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	@echo "setuptools>=80" | $(RESOLVE) - -c requirements-dev.lock -o requirements-build.lock
	@rm -rf $(VENV)/lock

clean:  ## Forget the environment and all state of the embedded form
	@rm -rf $(VENV) .loket build *.egg-info
