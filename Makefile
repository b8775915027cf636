# Every target creates .venv with the versions of launch/constraints.txt if it is missing or out of date.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# --no-compile: most modules of TensorFlow and PyTorch are never imported, so Python compiles those that are.
PIP_INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --no-compile --constraint launch/constraints.txt

# Without its cache of bytecode Python would compile all of TensorFlow at every start of a command.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help quickstart demo pretrained evaluation lint test-fast test test-long benchmark clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

quickstart: $(VENV)/installed  ## Render synthetic faces, train the three stages, edit held-out faces
	$(RUN) -m launch.quickstart

demo: $(VENV)/installed  ## Paint in the browser: the editor with the weights that come with the project
	$(RUN) -m maskgan_jax.serve

pretrained: $(VENV)/installed  ## Train the weights that come with the project: hours on 2 cores, minutes on a GPU
	$(RUN) -m launch.pretrained

evaluation: $(VENV)/installed  ## Compute the paper's tables on rendered faces, with judges trained on them
	$(RUN) -m launch.evaluation

lint: $(VENV)/installed-test  ## Check formatting, lint and imports between packages
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(VENV)/bin/lint-imports

test-fast: lint  ## Lint, then run the tests without the mark `slow`
	$(RUN) -m pytest -n auto --maxprocesses=8 --dist loadfile --no-loadscope-reorder -m "not slow and not long" --durations=30 --durations-min=2

test: lint  ## Lint, then run every test without the mark `long`
	$(RUN) -m pytest -n auto --maxprocesses=8 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: $(VENV)/installed-test  ## Run the tests with the mark `long`, which take many minutes
	$(RUN) -m pytest -m long

benchmark: $(VENV)/installed-test  ## Time every network and the EBST step beside PyTorch: minutes on a GPU, an hour on 2 cores
	$(RUN) -m launch.benchmark --json=benchmark.json

clean:  ## Remove what the set-up and the quickstart created
	rm -rf $(VENV) data/quickstart runs/quickstart runs/*_quickstart *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is required; select one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg launch/constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable .
	touch $@

$(VENV)/installed-test: setup.cfg launch/constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[test]'
	touch $(VENV)/installed $@
