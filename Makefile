# make demo   fit the paper's 48 runs, train a quick grid, draw both    make test   install what the tests need, run them all
# make lint   ruff, format, mypy      make bench   timings, as ratios   make reproduce   figures/ anew
# make docs   the documentation, into out/site      make notebooks   notebooks/*.ipynb anew      make clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SCALELAW := $(BIN)/scalelaw
OUT := out/demo
WORKERS ?= 2

# Small matrices: more threads than one only get into one another's way.
export OMP_NUM_THREADS := 1

.PHONY: help install demo test lint bench docs notebooks reproduce constraints clean

help:
	@sed -n 's/^# //p' Makefile | head -3

$(BIN)/python:
	@PYTHON="$(PYTHON)" sh .ci/venv $(VENV)

# The stamps are renewed, and pip asked again, whenever what is to be installed has changed.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing scalelaw into $(VENV)" >&2
	@$(PIP) --editable . && touch $@

$(VENV)/installed-train: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing scalelaw and PyTorch into $(VENV)" >&2
	@$(PIP) --editable '.[train]' && touch $@ $(VENV)/installed

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing scalelaw and what its tests need into $(VENV)" >&2
	@$(PIP) --editable '.[test,lint]' && touch $@ $(VENV)/installed $(VENV)/installed-train

$(VENV)/installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing scalelaw and what its documentation needs into $(VENV)" >&2
	@$(PIP) --editable '.[docs]' && touch $@ $(VENV)/installed

install: $(VENV)/installed

demo: $(VENV)/installed-train
	@SCALELAW=$(SCALELAW) sh .ci/demo $(OUT)

test: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(PYTEST)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks

# MkDocs would print an advertisement for its successors at every build.
docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

notebooks: $(VENV)/installed-dev
	$(BIN)/python notebooks/make.py

reproduce: $(VENV)/installed
	$(SCALELAW) reproduce --out figures

constraints: $(VENV)/installed-dev
	@{ grep '^#' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | grep -v '^torch=='; echo "torch==2.13.0"; } > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find scalelaw tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
