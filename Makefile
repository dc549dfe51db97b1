# MedSync: `make run` starts everything on this machine, `make test` tries everything.
# Python 3.11 with venv, git and make are all it needs. PYTHON=/path/to/python3.11 picks the interpreter.

PYTHON ?= $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
CODE := medsync clinics scheduling messaging
CATALOGS := $(wildcard medsync/locale/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGS:.po=.mo)

# uv does not read pip's configuration; hand it the index this machine uses. Without uv, pip does the work.
define install
	if command -v uv >/dev/null 2>&1 && UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || echo "$$PIP_INDEX_URL")}" && \
		{ [ -n "$$UV_DEFAULT_INDEX" ] && export UV_DEFAULT_INDEX || unset UV_DEFAULT_INDEX; } && \
		uv pip install --quiet --python $(BIN)/python $(1); then :; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1); fi
endef

.PHONY: run test setup setup-dev lint format types layers check messages screenshots lock clean

run: setup  ## set up what is missing and start everything; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

test: setup-dev  ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

setup: .venv/.runtime $(COMPILED)

setup-dev: .venv/.development $(COMPILED)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "MedSync needs Python 3.11: install it, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making .venv with $(PYTHON)"
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv || { echo "That Python cannot make environments: install its venv package (Debian: python3.11-venv)."; rm -rf .venv; exit 1; }

.venv/.runtime: requirements.txt | .venv/bin/python
	@echo "Installing what MedSync runs on (once)"
	@$(call install,-r requirements.txt)
	@touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	@echo "Installing what tests and checks need (once)"
	@$(call install,-r requirements-dev.txt)
	@touch $@

# Babel compiles in pure Python, so nobody needs gettext to run MedSync. Fuzzy entries are the gate's business
# (.ci/translations.py); here they are taken, because makemessages marks the head of a new catalog fuzzy.
%.mo: %.po .venv/.runtime
	@$(BIN)/pybabel --quiet compile --use-fuzzy --input-file $< --output-file $@

lint: setup-dev  ## style, and the bans of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python .ci/bans.py

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup-dev
	$(BIN)/mypy $(CODE)

layers: setup-dev  ## who may import whom
	$(BIN)/lint-imports

check: lint types layers  ## everything but the tests
	$(BIN)/python .ci/translations.py
	$(BIN)/python manage.py makemigrations --check --dry-run

messages: setup-dev  ## collect new strings (needs gettext), compile all
	$(BIN)/python manage.py makemessages --locale es --no-location --no-wrap --ignore .venv --ignore .medsync
	@$(MAKE) --no-print-directory setup

screenshots: setup-dev  ## take every screen of the demo into docs/screens (needs Chromium)
	$(BIN)/python -m tests.browser.screens

lock: setup-dev  ## resolve requirements*.in anew
	$(BIN)/uv pip compile --quiet --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 requirements-dev.in -o requirements-dev.txt

clean:  ## forget the environment; .medsync and its data stay
	rm -rf .venv $(COMPILED)
