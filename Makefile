# Needs Python >= 3.11 and a package registry, nothing else: PostgreSQL and Valkey come from the wheels.

PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install -qq --disable-pip-version-check

.PHONY: help run test test-all test-faults soak check format openapi references test-clients screenshots clean \
	bench bench-db bench-peer

help:  ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/installed  ## start the casino on http://127.0.0.1:8000 (PORT), its data in .casino/ (CASINO_HOME)
	@DEBUG=$${DEBUG:-1} exec $(RUN) manage.py up

test: $(VENV)/installed-dev  ## run the tests on servers of their own; PYTEST_ARGS is passed on
	@$(RUN) -m pytest -n 2 $(PYTEST_ARGS)

test-all: $(VENV)/installed-dev  ## the slow tests too
	@$(RUN) -m pytest -n 2 -m "not faults" $(PYTEST_ARGS)

test-faults: $(VENV)/installed-dev  ## break a running stack under load, one fault at a time; FAULT_SEED repeats a run
	@$(RUN) -m pytest -m faults $(PYTEST_ARGS)

soak: $(VENV)/installed-dev  ## play BETS bets (1000000) with a random fault every 20 to 60 s, then prove that nothing is lost
	@$(RUN) -m bench.soak --bets $${BETS:-1000000} $(if $(FAULT_SEED),--seed $(FAULT_SEED))

check: export DEBUG = 1
check: $(VENV)/installed-dev  ## style, types, imports, migrations, schema; needs no server
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@# Without a database it cannot compare the history, only the models; that is what is asked here.
	@$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@schema=$$(mktemp) && trap 'rm -f "$$schema"' EXIT && \
		$(RUN) manage.py spectacular --validate --fail-on-warn --file "$$schema" && echo "The schema is valid"

format: $(VENV)/installed-dev  ## bring the code into the house style
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

openapi: $(VENV)/installed  ## write the API's schema down in docs/openapi.yaml
	@DEBUG=1 $(RUN) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

references: $(VENV)/installed-dev  ## write the generated lists in docs/ anew: settings and problem codes
	@$(RUN) -m casino.tests.references

test-clients: $(VENV)/installed-dev  ## compile the TypeScript client of docs/openapi.yaml and play with it; needs node and npm
	@$(RUN) -m pytest -m "" $(PYTEST_ARGS) casino/tests/test_clients.py

screenshots: $(VENV)/installed-dev  ## take pictures of the back office's main pages into docs/screenshots
	@$(RUN) -m casino.tests.screenshots

bench: $(VENV)/installed-dev  ## measure bets and requests a second over HTTP (needs wrk)
	@$(RUN) -m bench.load $(BENCH_ARGS)

bench-db: $(VENV)/installed-dev  ## what PostgreSQL itself can do here
	@$(RUN) -m bench.database $(BENCH_ARGS)

bench-peer: $(VENV)/installed-dev  ## the same bet on Bun, Hono and Drizzle, side by side (needs wrk and npm)
	@$(RUN) -m bench.against_peer $(BENCH_ARGS)

clean:  ## remove the environment, the caches and the embedded data
	@test ! -e .casino/stack.json || { echo "The casino is running here: stop it first (or remove .casino/stack.json)." >&2; exit 1; }
	rm -rf $(VENV) .casino staticfiles/* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment that was moved here, or cut short while it was made, is made anew.
$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "Python's venv module is incomplete: install it, on Debian or Ubuntu with: apt-get install python3-venv" >&2; exit 1; }
	@$(RUN) -m pip --version > /dev/null 2>&1 || \
		{ echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@touch $@
