# Everything is set up in .venv by uv from uv.lock; nothing outside this folder is touched.
PYTHON ?= python3
UV_VERSION := $(shell sed -n 's/.*"uv==\(.*\)".*/\1/p' pyproject.toml)
export UV_PROJECT_ENVIRONMENT := .venv
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo cases test test-live test-node fuzz mutants lint format bench golden docs page packages conformance clean

setup: .venv/.ready

# uv stands in the dev group too, so that the sync keeps it.
.venv/.ready: pyproject.toml uv.lock
	@test -x .venv/bin/uv || { $(PYTHON) -m venv --clear .venv && .venv/bin/python -m pip install --quiet "uv==$(UV_VERSION)"; }
	@.venv/bin/uv sync --locked --quiet --compile-bytecode
	@touch .venv/.ready

demo: setup
	@.venv/bin/python -m tests.demo

# docs/cases.md: what must be said of recorded faults, and what holds. make cases CASE=NAME prints the answers too.
cases: setup
	@.venv/bin/python -m tests.cases $(if $(CASE),--case=$(CASE))

# Three workers for two cores, as some tests wait for processes.
WORKERS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))

test: setup
	.venv/bin/python -m pytest -m "not live and not node" --numprocesses=$(WORKERS) --dist=loadfile

# Any cluster that KUBECONFIG names; without one the tests are skipped, saying so. docs/reconcile.md lists the variables
# that name what some of them need: a Git repository, a registry, processes that may be stopped for some seconds.
test-live: setup
	.venv/bin/python -m pytest -m live

# Mermaid and a DOM for it, pinned in tests/render/node/package.json; where they cannot be installed the tests are skipped.
test-node: setup
	-@npm install --prefix tests/render/node --no-package-lock --no-audit --no-fund --silent
	-@npm install --prefix tests/conformance/typescript --no-package-lock --no-audit --no-fund --silent
	.venv/bin/python -m pytest -m node

# The Inspector and the official conformance suite of MCP; skipped, saying so, without Node 22.19 or the packages.
conformance: setup
	-@npm install --prefix tests/conformance --no-package-lock --no-audit --no-fund --silent
	@.venv/bin/python -m tests.conformance

# The property tests with many more examples, other ones each time: make fuzz MINUTES=1, or SEED=… for a round again.
fuzz: setup
	.venv/bin/python -m tests.fuzz --minutes=$(or $(MINUTES),10) $(if $(SEED),--seed=$(SEED))

# Puts faults into the modules that the promises rest on, and prints which of them no test sees.
mutants: setup
	.venv/bin/python -m tests.mutation $(MODULES)

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# docs/performance.md: what the answers cost, with the bounds. make bench SIZE=1000 TOOL=list_flux_resources, PART=start,
# PAIRS=20, and PAGE=1 to write the sections of the page that were measured.
bench: setup
	@.venv/bin/python -m tests.bench $(if $(SIZE),--size=$(SIZE)) $(if $(TOOL),--tool=$(TOOL)) $(if $(PART),--part=$(PART)) \
		$(if $(PAIRS),--pairs=$(PAIRS)) $(if $(PAGE),--page)

# Rewrites tests/tools/golden/ from the code; read the diff before you commit it.
golden: setup
	.venv/bin/python -m pytest -m "not live and not node" -k golden --update-golden

# Writes the pages of docs/ that come from data, and flux_mcp/tools/published.json, which tools/list is answered from.
docs: setup
	@.venv/bin/python -m tests.docs

# Builds flux_mcp/render/page.html from page/; a test says when it is stale. The pinned packages come from npm.
page:
	npm ci --prefix page --no-audit --no-fund --silent
	npm run --prefix page --silent build

# server.json, the bundle, extensions and plugins, from pyproject.toml and flux_mcp/skills/.
packages: setup
	@.venv/bin/python -m tests.packages

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis dist tests/render/node/node_modules tests/conformance/node_modules tests/conformance/typescript/node_modules page/node_modules
