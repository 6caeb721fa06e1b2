# What people and CI call. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help paper recover test test-faults test-slurm check format benchmark scaling restore verify rulegraph tables \
    requirements environment clean

VENV := .venv
INSIDE := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
# The modules of workflow/tools and of the library, for a program that Snakemake does not start.
TOOLS := $(INSIDE) PYTHONPATH="$(CURDIR)/workflow:$(CURDIR)/scripts"
PYTHON_VERSION := $(shell sed -n 's/^ *- python=\([0-9.]*\).*/\1/p' environment.yml)
# The first of these that is Python $(PYTHON_VERSION) makes the environment; PYTHON=... names another.
PYTHON ?= python$(PYTHON_VERSION) python3
# The pip section of environment.yml, one requirement per line. With sed, since no YAML parser is there yet.
LIST_REQUIREMENTS := sed -n 's/^ *- \([^ ]*==[^ ]*\).*/\1/p' environment.yml
# More flags for snakemake (paper) or pytest (test): make paper ARGS="--cores 1", make test ARGS="-m 'not slow'".
ARGS ?=
# What `snakemake archive` made, for restore and verify; verify takes all of them when none is named.
ARCHIVE ?=

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

paper: environment  ## train, measure, judge and draw: the whole workflow on config/config.yaml
	@$(INSIDE) snakemake $(ARGS)

recover: environment  ## after Snakemake was killed: end its orphaned jobs, unlock, go on; ARGS as for the killed run
	@$(TOOLS) python -m tools.recover $(ARGS)

# A file of tests stays on one core: its tests share what its fixtures made.
test: environment  ## unit and workflow tests, on two cores, with coverage
	@$(INSIDE) pytest -n 2 --dist loadfile --cov --cov-report=term tests/unit tests/workflow $(ARGS)

test-faults: environment  ## tests that kill jobs, fill disks and set clocks back
	@$(INSIDE) pytest -n 2 --dist loadfile tests/faults $(ARGS)

test-slurm: environment  ## tests on a real SLURM, installed and started on this machine (Debian, Ubuntu)
	@$(INSIDE) tests/slurm/run.sh $(ARGS)

check: environment  ## lint, format and direction of imports; changes nothing
	@$(INSIDE)
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint
	$(TOOLS) lint-imports

format: environment  ## format Python and the workflow
	@$(INSIDE)
	ruff check --fix .
	ruff format .
	snakefmt workflow

benchmark: environment  ## time the default run and its reruns in a scratch clone, against the targets; about 20 minutes
	@$(TOOLS) python -m tools.benchmark

scaling: environment  ## measure what many models ask of Snakemake, for docs/scaling.md; ARGS="--models 1000" for more
	@$(TOOLS) python docs/scaling/measure.py $(ARGS)

restore: environment  ## put an archived experiment back: make restore ARCHIVE=results/_archives/affine.tar
	@$(TOOLS) python -m tools.restore $(if $(ARCHIVE),"$(ARCHIVE)")

verify: environment  ## recompute a random part of archived tables and compare; ARGS="--tables 3 --seed 7" picks more, or again
	@$(TOOLS) python -m tools.verify $(if $(ARCHIVE),"$(ARCHIVE)") $(ARGS)

rulegraph: environment  ## draw the rule graph of docs/architecture.md
	@$(TOOLS) python -m tools.rulegraph

tables: environment  ## write the lists that are made from config keys and measures, in config/ and slurm-grouped
	@$(TOOLS) python -m tools.config_table

requirements:  ## print the dependencies that pip installs, as environment.yml lists them
	@$(LIST_REQUIREMENTS)

# What .venv was made from: its place (an environment cannot be moved) and the requirements. It gets its name
# last, so that a failed installation is tried again.
MADE_FROM := $(VENV)/made-from.txt

environment:  ## make .venv from environment.yml; done once, and again when the list changes
	@wanted=$$(echo "# $(CURDIR)"; $(LIST_REQUIREMENTS))
	if [ -x $(VENV)/bin/python ] && [ "$$wanted" = "$$(cat $(MADE_FROM) 2>/dev/null)" ]; then exit; fi
	python=
	for candidate in $(PYTHON); do
	    if "$$candidate" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(PYTHON_VERSION)")' 2>/dev/null; then
	        python=$$candidate
	        break
	    fi
	done
	if [ -z "$$python" ]; then
	    echo "make: expected Python $(PYTHON_VERSION), found none as: $(PYTHON)." >&2
	    echo "Install it (Debian, Ubuntu: sudo apt install python$(PYTHON_VERSION) python$(PYTHON_VERSION)-venv)," \
	        "or name it: make PYTHON=/path/to/python$(PYTHON_VERSION) ..." >&2
	    exit 1
	fi
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
	    echo "make: $$python cannot make environments: its venv module is missing." >&2
	    echo "Install it (Debian, Ubuntu: sudo apt install python$(PYTHON_VERSION)-venv)." >&2
	    exit 1
	fi
	echo "Making $(VENV) from environment.yml: once, a few minutes."
	"$$python" -m venv --clear $(VENV)
	echo "$$wanted" > $(MADE_FROM).part
	$(VENV)/bin/python -m pip install --disable-pip-version-check --requirement $(MADE_FROM).part
	mv $(MADE_FROM).part $(MADE_FROM)

# .snakemake goes with the results only: without its records Snakemake could not tell which results are stale.
clean:  ## delete the caches, and after asking the results with their trained weights; keeps .venv
	@if [ -e results ]; then
	    n_weights=$$(find results/ -name '*.safetensors' | wc -l)
	    size=$$(du -sh results/ | cut -f 1)
	    if [ ! -t 0 ]; then
	        echo "make clean: results/ ($$size, weights of $$n_weights models) is deleted only after asking," \
	            "and there is no terminal to ask on. Nothing was deleted." >&2
	        exit 1
	    fi
	    read -r -p "Delete results/ ($$size, weights of $$n_weights trained models)? [y/N] " answer
	    if [ "$$answer" != y ] && [ "$$answer" != yes ]; then echo "Nothing was deleted." >&2; exit 1; fi
	    rm -rf results .snakemake
	fi
	rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find config docs scripts tests workflow -name __pycache__ -prune -exec rm -rf {} +
