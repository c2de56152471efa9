# Each target says what it does after two hashes; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Set up what is missing, then show the global queue at work
	@scripts/setup.sh runtime
	@exec .venv/bin/gvq demo

.PHONY: test
test: setup system-packages lint ## Set up what is missing, then check and test everything
	@exec scripts/pytest.sh

.PHONY: bench
bench: setup system-packages ## Measure everything, on a machine that does nothing else (bench-results/; about an hour)
	@exec .venv/bin/gvq bench all --real

.PHONY: setup
setup: ## Create or refresh .venv for development (returns at once when it is fresh)
	@scripts/setup.sh dev

.PHONY: system-packages
system-packages: setup ## Provide PostgreSQL and Asterisk for the tests (root only; else does nothing)
	@scripts/system-packages.sh

.PHONY: lint
lint: setup ## Style, formatting, types, and who may import whom
	@echo '==> ruff, mypy --strict, import contracts'
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

.PHONY: format
format: setup ## Rewrite the sources in the project's format
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: images
images: ## Build the container images with buildah and try each (see docker/README.md)
	@scripts/images.sh

.PHONY: fresh-machine
fresh-machine: ## Run GOAL (setup, test, demo) in a bare Debian with only python3 and make (root)
	@scripts/fresh-machine.sh $(or $(GOAL),setup)

.PHONY: clean
clean: ## Remove .venv, caches and everything built
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
