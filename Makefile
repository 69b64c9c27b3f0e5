# Everything from nothing but Python 3.11 to 3.13: `make demo`, `make test`, `make check`.
# pip comes from the lock too: the one that came with Python may be years old, and slow to choose.
# One virtual environment, .venv: requirements.lock is enough to run, requirements-dev.lock (the
# same pins and more) is laid on top to develop. Stamp files make a second run quick.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile
# On all cores, where pip would use one; some packages bring files for other versions of Python.
COMPILED := -$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib api forecasting models
WORKSPACE ?= vigistock-workspace
NO_SERVE ?=
LOCK_OPTIONS ?=
# In the order of the folders: what a folder shares is made once a worker, and small files end the run.
PYTEST_OPTIONS ?= -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test coverage check lock bench notebooks screenshots clean

help:
	@echo "make demo       install, build a believable company, forecast it, serve it"
	@echo "                (NO_SERVE=1 stops before serving; WORKSPACE=… chooses the folder)"
	@echo "make test       run the tests"
	@echo "make coverage   the same with line coverage"
	@echo "make check      format, lint, types, layers"
	@echo "make notebooks  run every notebook on small data (COMPANY=… names a workspace instead)"
	@echo "make bench      run what the README claims"
	@echo "make screenshots  pictures of the pages for docs/img (SHOWN=… names the demonstration's folder)"
	@echo "make lock       resolve the dependencies anew (LOCK_OPTIONS=--upgrade moves them)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(not ok and "Vigistock needs Python 3.11 to 3.13; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ {mine = /^pip==/} mine' requirements.lock > $(VENV)/pip.lock
	$(PIP) --require-hashes -r $(VENV)/pip.lock

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	$(COMPILED)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	$(COMPILED)
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed
	$(BIN)/vigistock --workspace $(WORKSPACE) demo $(if $(NO_SERVE),--no-serve)

# The tests, and every doctest of the code and the documents.
TESTED = tests forecasting models api docs README.md --ignore=api/migrations

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(TESTED) $(PYTEST_OPTIONS)

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(TESTED) $(PYTEST_OPTIONS) --cov --cov-report=term:skip-covered

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each notebook must equal its .py pair, hold no outputs, and run from a clean kernel; on one workspace
# in turn: two of them would train at once.
COMPANY ?=

notebooks: $(VENV)/.installed-dev
	ls notebooks/*.py | xargs -P $(if $(COMPANY),1,2) -n 1 \
	  $(BIN)/python -m tests.notebooks $(if $(COMPANY),--company $(COMPANY))

# What the README claims, one command a claim; data sets that are missing are skipped, loudly.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.kill_ingest
	$(BIN)/python -m benchmarks.kill_publish
	$(BIN)/python -m benchmarks.kill_train
	$(BIN)/python -m benchmarks.kill_push
	$(BIN)/python -m benchmarks.fuzz
	$(BIN)/python -m benchmarks.drift
	for data in usaid m5 online-retail; do \
	  $(BIN)/python -m benchmarks.main_job --data $$data || exit 1; done
	for data in m5 m5-weekly carparts usaid freshretail; do \
	  $(BIN)/python -m benchmarks.demand --data $$data || exit 1; done
	for data in backorders usaid freshretail; do \
	  $(BIN)/python -m benchmarks.risk --data $$data || exit 1; done
	$(BIN)/python -m benchmarks.risk_cost
	$(BIN)/python -m benchmarks.risk_bounds
	$(BIN)/python -m benchmarks.risk --data m5sim --seeds 1,2,3,4,5
	$(BIN)/python -m benchmarks.projection
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.attention
	$(BIN)/python -m benchmarks.second_year
	$(BIN)/python -m benchmarks.scenarios

# Pictures of the pages; the demonstration they show is made where it is not there yet.
SHOWN ?= build/screenshots

screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.pages.screenshots $(SHOWN)

# The development lock is resolved first and holds the running one to its pins. What builds the
# package (hatchling, and editables for `pip install -e`) is locked too: nothing comes unhashed.
BUILD_NEEDS = $(BIN)/python -c 'import tomllib; print("\n".join([*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], "editables", "pip"]))'
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(VENV)/.installed-dev
	$(BUILD_NEEDS) | $(COMPILE) $(LOCK_OPTIONS) --extra dev pyproject.toml - -o requirements-dev.lock
	$(BUILD_NEEDS) | $(COMPILE) --no-annotate -c requirements-dev.lock pyproject.toml - -o requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
