# Two commands do everything: `make demo` and `make test`. Each makes the environment if need be.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

FUZZ_S ?= 300
FUZZ ?=
CLIENTS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bd-tracker/clients

.PHONY: docs site trust demo test lint types tests fast coverage audit mutants deep fuzz test-clients bench clean

demo: $(READY)
	@PATH="$(abspath $(BIN)):$$PATH" sh tools/demo.sh

test: lint types tests

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/bd check

types: $(READY)
	$(BIN)/mypy

tests: $(READY)
	$(BIN)/python -m pytest -n 2

# The packages that know no files and no git, but for tests that ask whole processes or git.
SLOW := merge/test_memory_appends.py secrets/test_channels.py issues/test_rename.py
fast: $(READY)
	HYPOTHESIS_PROFILE=fast $(BIN)/python -m pytest -n 2 -q \
	$(addprefix --ignore=tests/,$(SLOW)) $(addprefix tests/,model log merge issues memory secrets)

# The same with the branches counted, which takes about twice as long.
coverage: $(READY)
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=90

# What bandit says of the program, and what is known against the packages that it uses.
audit: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[audit]'
	$(BIN)/python -m tests.support.audit

# Small mistakes put into the program one at a time, to see whether the tests notice: 500 take hours.
N ?= 80
SEED ?= 1
mutants: $(READY)
	$(BIN)/python -m tests.support.mutants --number $(N) --seed $(SEED)

# Fuzzing, soak and the corpus at depth: minutes to an hour.
deep: $(READY) fuzz
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -n 2 -m "not clients" --timeout 3600

# Any bytes for what reads bytes, by coverage: FUZZ_S seconds a target, FUZZ=NAME for one of them. What
# it met is kept in .fuzz for the next run. Where atheris cannot be installed, nothing is fuzzed.
fuzz: $(READY)
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=2.3'; \
	then $(BIN)/python -m tests.support.fuzzing "$(FUZZ_S)" $(FUZZ); \
	else echo "make fuzz: atheris cannot be installed here, so nothing was fuzzed"; fi

# Programs that other people wrote for `bd`, against ours. They are installed outside of the project;
# what cannot be installed, or lacks node or chromium, is skipped and says why. The real Beads and br
# are not installed: BD_PEER=PATH and BR_PEER=PATH name them.
test-clients: $(READY)
	PYTHON=$(PYTHON) sh tests/compat/clients/install.sh "$(CLIENTS)"
	CLIENTS="$(CLIENTS)" $(BIN)/python -m pytest -m clients tests/compat/clients

# The tests of a row of docs/trust.md: make trust ROW=P7 for a promise, ROW=42 for a complaint.
trust: $(READY)
	$(BIN)/python -m tests.support.trust_page $(ROW)

# Pages that the program writes about itself; a test tells when that is due.
docs: $(READY)
	PYTHONPATH=. $(BIN)/python -m tools.generate

# The pages as a website, in site/; a link that leads nowhere stops it. Its tools are an extra.
site: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --clean

bench: $(READY)
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) .fuzz .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(READY): pyproject.toml tracker/version.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
