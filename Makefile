# Everything is set up in .venv by uv from uv.lock; nothing outside this folder is touched.
PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/.*"uv==\(.*\)".*/\1/p' pyproject.toml)
export UV_PROJECT_ENVIRONMENT := .venv
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test test-live lint format bench golden clean

setup: .venv/.ready

# uv stands in the dev group too, so that the sync keeps it.
.venv/.ready: pyproject.toml uv.lock
	@test -x .venv/bin/uv || { $(PYTHON) -m venv --clear .venv && .venv/bin/python -m pip install --quiet "uv==$(UV_VERSION)"; }
	@.venv/bin/uv sync --locked --quiet --compile-bytecode
	@touch .venv/.ready

demo: setup
	@.venv/bin/python -m tests.demo

test: setup
	.venv/bin/python -m pytest -m "not live" --numprocesses=auto --dist=loadfile

# Any cluster that KUBECONFIG names; without one the tests are skipped, saying so.
test-live: setup
	.venv/bin/python -m pytest -m live

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup
	.venv/bin/python -m tests.bench

# Rewrites tests/golden/ from the code; read the diff before you commit it.
golden: setup
	.venv/bin/python -m pytest -m "not live" -k golden --update-golden

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis dist
