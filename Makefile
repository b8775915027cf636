# Two commands do all the set-up: `make quickstart` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP_INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint launch/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help quickstart test test-long clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

quickstart: $(VENV)/installed  ## Render synthetic faces, train the three stages, edit held-out faces
	$(RUN) -m launch.quickstart

test: $(VENV)/installed-test  ## Check formatting, lint and arrows, then run every test
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(VENV)/bin/lint-imports
	$(RUN) -m pytest -n 2 --dist loadfile -m "not long"

test-long: $(VENV)/installed-test  ## Run the tests that take many minutes
	$(RUN) -m pytest -m long

clean:  ## Remove what the set-up and the quickstart made
	rm -rf $(VENV) data/quickstart runs/quickstart runs/*_quickstart *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg launch/constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable .
	touch $@

$(VENV)/installed-test: setup.cfg launch/constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[test]'
	touch $(VENV)/installed $@
