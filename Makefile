# Everything the project does, by name. Needs make and Python 3.11; the rest is installed into .venv once.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv book study pdf test lint format clean distclean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
PROFILE ?= default
# pip does one thing after the other. Two at a time install the pins, without asking what they need, and one more
# adds what they need on this platform and is not pinned. compileall uses all cores, and skips tests and the
# largest packages that the book does not import.
UNUSED := tests?|transformers|sqlalchemy|pip|selenium|debugpy|mypy|dask|huggingface_hub|hypothesis
QUICK := --quiet --disable-pip-version-check --no-compile

# The first interpreter on the path that is Python 3.11; asked for only when there is something to install.
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  settings: PROFILE=smoke|default|full  TASK=emoji/en-fr  PYTHON=python3.11"

venv: $(STAMP) ## create .venv and install everything (done once; the other targets do it when needed)

$(STAMP): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 found; install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "make: $(PYTHON) is not Python 3.11; name one that is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "installing into $(VENV): one or two minutes and 2 GB, once"
	$(PYTHON) -m venv $(VENV)
	grep -E '^[A-Za-z0-9._-]+==[^[:space:];#]+$$' requirements.txt | xargs -n 72 -P 2 $(BIN)/python -m pip install $(QUICK) --no-deps
	$(BIN)/python -m pip install $(QUICK) --requirement requirements.txt
	$(BIN)/python -m pip install $(QUICK) --no-deps --editable .
	@$(BIN)/python -m compileall -qq -j 0 -x '/($(UNUSED))/' $(VENV)/lib psqe || true # some packages ship .py files that do not compile
	@touch $@

book: study ## run all notebooks and build the book: build/_build/html/index.html

study: $(STAMP) ## the same as book
	$(BIN)/psqe study --profile $(PROFILE) $(if $(TASK),--task $(TASK))

pdf: $(STAMP) ## print the built book as one PDF: build/book.pdf (needs Chromium or Chrome)
	$(BIN)/psqe book --pdf

lint: $(STAMP) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2

format: $(STAMP) ## let ruff sort imports and lay out the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

test: lint ## lint, then all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

clean: ## remove the built book, the notebook runs and the tools' caches
	rm -rf build book/runs book/.runs.* book/api .pytest_cache .hypothesis .mypy_cache .ruff_cache

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV) psqe.egg-info
