# The platform in one place: each target is one line that calls the installer or `minsheng`.
# Another Python 3.11 than the first on PATH: make PYTHON=/path/to/python3.11 ...
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
INSTALL := $(PYTHON) -m infra.install
BIN := .venvs/stream/bin
.DEFAULT_GOAL := help
.PHONY: demo up down status logs doctor test check faults bench compose-test docs locks clean help

demo: ## install what is missing, start everything, play a simulated day of the city
	@$(INSTALL) demo && $(BIN)/minsheng demo

up: ## start the local stack and wait until every part is healthy
	@$(INSTALL) demo && $(BIN)/minsheng up

down: ## stop the local stack; data and secrets stay
	@$(BIN)/minsheng down

status: ## the state of every part
	@$(BIN)/minsheng status

logs: ## follow the logs of all parts
	@$(BIN)/minsheng logs --follow

doctor: ## look for what is wrong with this machine and installation, and say what to do
	@$(BIN)/minsheng doctor

test: ## install what is missing, then check and test everything with the real parts
	@$(INSTALL) test && $(BIN)/python -m infra.check everything

check: ## lint, types, imports, unit and contract tests; no servers
	@$(INSTALL) check && $(BIN)/python -m infra.check quick

faults: ## break every part many times, for a minute each, and compare every table; about an hour
	@$(INSTALL) test && $(BIN)/python -m tests.faults

bench: ## measure; minutes of full load
	@$(INSTALL) test && $(BIN)/python -m tests.benchmarks

compose-test: ## build the containers, start them, kill a broker and a worker; makes an engine where it can
	@$(INSTALL) check && $(BIN)/python -m tests.compose

docs: ## write the documentation as a site: a page for each source, the pages of docs/
	@$(INSTALL) check && $(BIN)/minsheng contract docs

locks: ## resolve infra/locks/*.in and infra/jars anew, for review
	@$(INSTALL) locks && $(INSTALL) jars-lock

clean: ## remove build results and caches; environments, jars and data stay
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
