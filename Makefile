# Everything a person does with the project; `make demo` and `make test` do all the set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install browser demo serve test bench bench-coverage chaos check clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: $(INSTALLED) ## Make the virtual environment and install what is pinned

$(INSTALLED): pyproject.toml constraints.txt scripts/install
	@PYTHON="$(PYTHON)" scripts/install $(VENV)
	@touch $@

browser: $(INSTALLED) ## Install a browser where none is there
	@scripts/browser $(VENV)

demo: browser ## Crawl the stand-in shop from beginning to end
	@$(BIN)/python scripts/demo.py

serve: $(INSTALLED) ## Run Scrapyd, the API and the watcher until Ctrl-C
	@$(BIN)/python scripts/serve.py

# Tests start hundreds of processes, which would compile our modules anew each time.
test: export PYTHONDONTWRITEBYTECODE =
test: browser ## Run the tests
	@$(BIN)/pytest -n auto

bench: $(INSTALLED) ## Measure the project beside the alternatives
	@$(BIN)/python -m benchmarks

check: $(INSTALLED) ## Lint, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench-coverage: $(INSTALLED) ## Measure how complete crawls of capped catalogues are, and their cost
	@$(BIN)/python -m benchmarks.coverage

chaos: $(INSTALLED) ## Kill, cancel, block and rush the service at random; see that nothing is lost
	@$(BIN)/python -m benchmarks.chaos

clean: ## Remove what can be made again
	@rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis *.egg-info
