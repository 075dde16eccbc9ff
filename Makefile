# One door: `make demo` shows the main job, `make test` runs the tests; both set up what they need in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
FOR ?= 900

.PHONY: help demo test test-all check fix cov soak bench fuzz lock run clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.run  ## the main job on embedded servers: what happened to each sample mail, and why
	$(BIN)/triage demo --folder demo

test: $(VENV)/.dev  ## the tests; servers that are missing are skipped loudly (and fail where CI is set)
	$(BIN)/python -m pytest -q -n $(WORKERS)

test-all: check test  ## what continuous integration runs

check: $(VENV)/.dev  ## format, lint, types, and who knows whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev  ## format, and mend what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

cov: $(VENV)/.dev  ## the tests, with coverage
	$(BIN)/python -m pytest -q -n $(WORKERS) --cov=triage --cov-report=term-missing:skip-covered

soak: $(VENV)/.dev  ## the heavy versions: long crash runs, storms
	$(BIN)/python -m pytest -q -m soak

# atheris is for this target only: it has wheels for Linux on x86_64 and no place in the lock
fuzz: $(VENV)/.dev  ## bytes that a machine makes up, for the mail room; FOR=900 seconds a target
	$(BIN)/pip install --quiet --disable-pip-version-check atheris==3.0.0
	for target in mail body attachment envelope; do \
	  mkdir -p .cache/fuzz/$$target && $(BIN)/python fuzz/reading.py $$target .cache/fuzz/$$target \
	    -max_total_time=$(FOR) -timeout=20 -rss_limit_mb=2048 -max_len=20000 -artifact_prefix=.cache/fuzz/ || exit 1; \
	done

bench: $(VENV)/.dev  ## how fast, how large, how it grows: the whole walk against a floor, memory, cost at 10,000 mails and more
	$(BIN)/python -m bench.walk
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.reading
	$(BIN)/python -m bench.network
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.processes

run: $(VENV)/.run  ## the daemon, with config.toml
	$(BIN)/triage run

lock: | $(BIN)/python  ## pin the newest versions that fit pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra demo --extra postgres --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra demo --extra postgres --extra test --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:  ## take away what was built
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { echo "Python 3.11 or newer with venv is needed (Debian: apt install python3-venv)"; exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@ $(VENV)/.run
