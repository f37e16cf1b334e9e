# The project's commands; each one sets up what it needs.

# The Python to use; if empty, an existing environment keeps its own.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install browser try screenshots demo demo-cluster serve serve-node serve-api test bench bench-coverage chaos check check-container check-pythons check-wheel clean wheel
.DEFAULT_GOAL := help

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: ## Make the virtual environment and install the pinned packages
	@PYTHON="$(PYTHON)" scripts/install $(VENV)

browser: install ## Install a browser if there is none
	@category_crawler/delivery/install_browser.sh "$(abspath $(BIN))/python"

try: browser ## Try the pages over the stand-in shop, until Ctrl-C
	@exec $(BIN)/python scripts/try_it.py

screenshots: browser ## Take the pictures of the pages that the documents show
	@$(BIN)/python scripts/screenshots.py

demo: browser ## Crawl the stand-in shop and show the result
	@$(BIN)/python scripts/demo.py

demo-cluster: browser ## Crawl twelve categories on three nodes, and kill one of them
	@$(BIN)/python scripts/demo_cluster.py

# PPID is make: all services stop with make, even if make is killed.
serve: install ## Run Scrapyd, the API and the watcher until Ctrl-C
	@CATEGORY_CRAWLER_PARENT=$$PPID exec $(BIN)/category-crawler serve

serve-node: install ## Run Scrapyd alone: a node of a cluster
	@CATEGORY_CRAWLER_PARENT=$$PPID exec $(BIN)/category-crawler serve node

serve-api: install ## Run the API and the watcher of a cluster
	@CATEGORY_CRAWLER_PARENT=$$PPID exec $(BIN)/category-crawler serve api

# Tests start hundreds of processes, which would otherwise compile our modules each time.
test: export PYTHONDONTWRITEBYTECODE =
test: browser ## Run the tests
	@scripts/promtool $(VENV)
	@$(BIN)/pytest -n auto --dist worksteal

bench: install ## Compare the project's speed with alternatives
	@$(BIN)/python -m benchmarks

check: install ## Check style, types, import rules and the container's files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Containerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml compose.cluster.yaml

# A folder build that an earlier wheel has left would go into the next one.
wheel: install ## Build the wheel into dist/
	@rm -rf build dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@rm -rf build

check-wheel: wheel ## Install the wheel in an empty environment and use it there
	@$(BIN)/python scripts/check_wheel.py dist/*.whl

check-container: install ## Run the Containerfile's steps and the compose services in folders (root, debootstrap)
	@$(BIN)/python scripts/check_container.py

check-pythons: install ## Install, import and crawl with every Python found, or those in PYTHONS
	@$(BIN)/python scripts/check_pythons.py $(PYTHONS)

bench-coverage: install ## Measure how complete and how costly crawls of capped catalogues are
	@$(BIN)/python -m benchmarks.coverage

chaos: install ## Kill, cancel, block and overload the service at random; check that nothing is lost
	@$(BIN)/python -m benchmarks.chaos

clean: ## Remove everything that other commands make
	@rm -rf $(VENV) .venv-pythons build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis *.egg-info
