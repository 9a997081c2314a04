.DEFAULT_GOAL := help

.PHONY: help setup demo test test-slow torture bench bench-sweep bench-gpu gpu-report check docs doc-pages format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(STAMP) ## Create .venv and install gatebench and the pinned versions of its libraries

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gatebench needs Python 3.11 or newer; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## Train 6 cells with 8 seeds on streams of handwritten digits and print the table: about 2 minutes on 2 cores
	$(BIN)/gatebench sweep experiment=quickstart

test: $(STAMP) ## Run the tests, except the slow ones: no network, 7 to 10 minutes on 2 cores
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow' -q

test-slow: $(STAMP) ## Run the slow tests, which train for minutes
	$(BIN)/python -m pytest -m slow -q

N ?= 20
seed ?= 0
torture: $(STAMP) ## Inject faults into real sweeps and compare their tables: N=20 rounds, seed=0, only=KIND,KIND; kinds=1 lists
	$(BIN)/python -m tests.torture $(if $(kinds),kinds,N=$(N) seed=$(seed) $(if $(only),only=$(only)))

bench: $(STAMP) ## Check and measure the speed of the cells: about 15 minutes on 2 cores; writes speed.json
	$(BIN)/gatebench speed set=full threads=1,2 json=speed.json

bench-sweep: $(STAMP) ## Time a sweep of 200 tiny trials beside joblib and Ray Tune
	$(BIN)/python -m tests.bench_sweep

bench-gpu: $(STAMP) ## Check and time the backend triton on a GPU beside cuDNN and torch; cell="lstm gru" chooses cells
	$(BIN)/python -m tests.bench_gpu $(cell)

gpu-report: $(STAMP) ## Compile the GPU kernels, without a GPU, and print what they need; cell="lstm gru" chooses cells
	$(BIN)/python -m tests.triton_report $(cell)

check: $(STAMP) ## Check lint rules, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(STAMP) ## Build the documentation in site/, without network; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

doc-pages: $(STAMP) ## Write the generated parts of docs/cells.md, docs/tasks.md and docs/backends.md
	$(BIN)/python -m tests.doc_pages --write

format: $(STAMP) ## Fix lint errors that can be fixed, and format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## Remove .venv, site/ and caches; records under runs/ stay
	rm -rf $(VENV) build ./*.egg-info site .pytest_cache .mypy_cache .ruff_cache .hypothesis
