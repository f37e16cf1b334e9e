# Everything a person does with the project; `make demo` and `make test` do all the set-up.

# Names the Python to use; an environment that is there keeps its own where this is empty.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install browser demo serve test bench bench-coverage chaos check check-pythons clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: ## Make the virtual environment and install what is pinned
	@PYTHON="$(PYTHON)" scripts/install $(VENV)

browser: install ## Install a browser where none is there
	@scripts/browser $(VENV)

demo: browser ## Crawl the stand-in shop from beginning to end
	@$(BIN)/python scripts/demo.py

# The shell's parent is make: it and all that it runs end with make, even where make is killed.
serve: install ## Run Scrapyd, the API and the watcher until Ctrl-C
	@CATEGORY_CRAWLER_PARENT=$$PPID exec $(BIN)/python scripts/serve.py

# Tests start hundreds of processes, which would compile our modules anew each time.
test: export PYTHONDONTWRITEBYTECODE =
test: browser ## Run the tests
	@$(BIN)/pytest -n auto

bench: install ## Measure the project beside the alternatives
	@$(BIN)/python -m benchmarks

check: install ## Lint, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-pythons: install ## Install, import and crawl with every Python found, or with PYTHONS
	@$(BIN)/python scripts/check_pythons.py $(PYTHONS)

bench-coverage: install ## Measure how complete crawls of capped catalogues are, and their cost
	@$(BIN)/python -m benchmarks.coverage

chaos: install ## Kill, cancel, block and rush the service at random; see that nothing is lost
	@$(BIN)/python -m benchmarks.chaos

clean: ## Remove what can be made again
	@rm -rf $(VENV) .venv-pythons build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis *.egg-info
