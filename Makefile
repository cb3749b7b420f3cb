# make demo    alerts from bundled audit events, no Kafka needed
# make test    every test and every linter
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes

.PHONY: setup setup-dev demo test lint format bench locks docs clean

setup: $(VENV)/.setup
setup-dev: $(VENV)/.setup-dev

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.11 or newer with its venv module (Debian: apt-get install python3 python3-venv), or name another with 'make PYTHON=python3.12 …'"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than Python 3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "make: no virtual environment could be made: install the venv module (Debian: apt-get install python3-venv)"; exit 1; }

$(VENV)/.setup: requirements/build.txt requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing matcher and what it needs into $(VENV) …"
	@$(PIP) -r requirements/build.txt
	@$(PIP) -r requirements/demo.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.setup-dev: requirements/dev.txt $(VENV)/.setup
	@echo "Installing what the tests need …"
	@$(PIP) -r requirements/dev.txt
	@touch $@

demo: setup
	@$(BIN)/matcher demo

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n auto --dist loadgroup

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# How fast it is. Options: QUICK=1 · ONLY=pipeline,kafka · AGAINST=a commit or directory · ROUNDS=3 ·
# MINUTES=10, of the section memory · WRITE=a directory for the results.
# Named in the environment or here: MATCHER_CORPUS, SIGMA_RULES (SigmaHQ's for CloudTrail), RSIGMA, TENZIR
bench: setup-dev
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(AGAINST),--against $(AGAINST)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(WRITE),--write $(WRITE))

# Writes the pages that are made from what they describe.
docs: setup
	$(BIN)/python -m matcher.rulebook.document_rules rules > docs/rules.md
	$(BIN)/python -m matcher.languages.sigma.document_fields > docs/sigma-fields.md
	$(BIN)/python -m matcher.events.document_properties > docs/properties.md

# Writes the pinned requirements anew. uv is used for this alone.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
locks:
	$(LOCK) requirements/build.in --output-file requirements/build.txt
	$(LOCK) pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --extra demo --output-file requirements/demo.txt
	$(LOCK) pyproject.toml --extra demo --extra dev --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) .cache build *.egg-info
