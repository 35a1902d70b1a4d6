# The two commands of the README are `make up` and `make test`; both set up what they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: up test check check-style chromium format demo bench docs clean

up: $(STAMP)
	@$(BIN)/ocpi-hub up

# Every check and every test. JOBS=1 runs the tests one after the other.
JOBS ?= 2
test: check-style chromium
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

check: test

# The browser of the tests, installed where there is none.
chromium: $(STAMP)
	@$(BIN)/python -m tests.chromium

check-style: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

format: $(STAMP)
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

# The hub, the CPO adapter with simulated stations and the eMSP adapter with a driver, to be opened
# in a browser; SECONDS=n ends by itself and compares.
demo: $(STAMP)
	@$(BIN)/python -m ocpi_hub.demo $(if $(SECONDS),--seconds $(SECONDS))

bench: $(STAMP)
	@$(BIN)/python -m tests.bench

# Makes anew what is generated from the module table.
docs: $(STAMP)
	@$(BIN)/python -m ocpi_hub.protocol.document > docs/modules.md

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
