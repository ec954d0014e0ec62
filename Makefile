# Daily work. TESTS chooses files or options of pytest: make test TESTS="tests/tui/widgets/test_table.py -k cursor"
PYTHON = .venv/bin/python
TESTS = tests
WORKERS = auto
PYTEST = $(PYTHON) -m pytest -n $(WORKERS)

.PHONY: help check test fast examples lint types format screens

help:
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

.venv:
	python3 -m venv .venv
	.venv/bin/pip install -e '.[dev]'

check: ## all that CI runs, in a fresh copy and environment
	.ci/run

test: .venv ## all tests
	$(PYTEST) $(TESTS)

fast: .venv ## the tests that start no process and take little processor time
	$(PYTEST) -m 'not e2e and not slow' $(TESTS)

examples: .venv ## the property tests with many new examples
	$(PYTEST) -m hypothesis --hypothesis-profile=by_hand $(TESTS)

lint: .venv ## ruff check and ruff format --check
	.ci/run lint

types: .venv ## mypy --strict, of the tests too
	.ci/run types

format: .venv ## mend what ruff can mend
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

screens: .venv ## write the screens, the table of keys and the pictures anew; read the difference
	DISCPRESS_WRITE_SCREENS=1 $(PYTEST) tests/tui
	$(PYTHON) screenshots/make.py
