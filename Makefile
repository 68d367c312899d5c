# What people type. Everything starts from nothing and can be run again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= .demo
DEMO_PORT ?= 8080
TEST_STACK := $(CURDIR)/.stack/test

.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench clean

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "filmroll needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[cluster,analyst,detect,dev]'
	@touch $@

install: $(VENV)/installed ## Make the virtual environment with everything in it

demo: install ## Start the product with something to see
	$(BIN)/filmroll demo --data $(DEMO_DIR) --port $(DEMO_PORT)

test: install ## Run all tests; the real servers are fetched and started where they can be had
	@$(BIN)/python -m tests.run $(TEST_STACK)

check: install ## Lint, types, and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Put the code into its format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: install ## Measure: ratios in one run, against what a user would pick instead
	$(BIN)/python tests/bench/run.py

clean: ## Remove what make made
	rm -rf $(VENV) $(DEMO_DIR) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
