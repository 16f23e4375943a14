# Two commands for people: `make demo` and `make test`. Both set up what they need.
.PHONY: setup setup-spark demo test soak coverage check lint types imports locks lock docs clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

setup: $(READY)

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13'
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

# The same with what `--engine spark` needs; a Java 17 runtime has to be there besides.
setup-spark: $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock -r requirements/spark.lock

# A simulated marketplace, both models, the API and the console on this machine; DEMO takes its options.
demo: $(READY)
	$(BIN)/goodfaith demo $(DEMO)

test: $(READY)
	$(BIN)/pytest -q -n auto --dist loadfile

# What is too long for every day: many kills on each store, and many examples of what the ledger and judgement promise.
KILLS ?= 200
soak: $(READY)
	GOODFAITH_KILLS=$(KILLS) $(BIN)/pytest -q -s tests/faults/test_kill.py
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -q -n auto tests/serving/ledger tests/scoring

# Judgement is pure, so its own tests reach every branch of it, and must.
coverage: $(READY)
	$(BIN)/coverage run -m pytest -q tests/scoring
	$(BIN)/coverage report

check: test coverage lint types imports locks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

# A lock must install from whatever index the machine is set to, so it may name none.
locks:
	! grep -nE '[a-z]+://' requirements/*.lock
	! git ls-files | grep -nE '(^|/)(uv\.lock|pylock.*\.toml)$$'

# Resolve the dependencies anew; the result is reviewed and committed.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml \
		-o requirements/core.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml \
		--extra training --extra broker --extra otel --extra dev -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml \
		--extra broker -c requirements/dev.lock -o requirements/broker.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml \
		--extra spark -c requirements/dev.lock -o requirements/spark.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml \
		--extra otel -c requirements/dev.lock -o requirements/otel.lock

# Write docs/reference/ anew from the code.
docs: $(READY)
	PYTHONPATH=. $(BIN)/python docs/build.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info
