# What people and CI call. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help paper recover export test test-faults test-export test-slurm test-browser check format benchmark scaling \
    restore verify rulegraph tables requirements environment peers clean

# The environment: in this folder, or by a path from /, as in make VENV=/path/to/environment paper.
VENV := .venv
ENVIRONMENT := $(if $(filter /%,$(firstword $(VENV))),$(VENV),$(CURDIR)/$(VENV))
# For the shell: in single quotes no sign of a path has a meaning of its own.
quoted = '$(subst ','\'',$(1))'
INSIDE := PATH=$(call quoted,$(ENVIRONMENT)/bin):"$$PATH"
# The modules of workflow/tools and of the library, for a program that Snakemake does not start.
TOOLS := $(INSIDE) PYTHONPATH=$(call quoted,$(CURDIR)/workflow:$(CURDIR)/scripts)
# The environment's packages and this folder's code are what runs, not others that the user's own Python finds.
unexport PYTHONPATH PYTHONHOME
# The same with the Python of the peers' environment.
PEER_TOOLS = PYTHONPATH=$(call quoted,$(CURDIR)/workflow:$(CURDIR)/scripts) $(call quoted,$(PEERS)/bin/python)
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
	$(TOOLS) python -m tools.addresses $(ARGS)

recover: environment  ## after Snakemake was killed: end its orphaned jobs, unlock, go on; ARGS as for the killed run
	@$(TOOLS) python -m tools.recover $(ARGS)

# RUN=results/affine/seed0 is that seed alone.
RUN ?=
export: environment peers  ## write trained models for transformers and TransformerLens; RUN=results/affine/seed0, or all
	@$(PEER_TOOLS) -m tools.export $(if $(RUN),"$(RUN)")

# A file of tests stays on one core: its tests share what its fixtures made.
test: environment  ## unit and workflow tests, on two cores, with coverage
	@$(INSIDE) pytest -n 2 --dist loadfile --cov --cov-report=term tests/unit tests/workflow $(ARGS)

test-faults: environment  ## long tests: killed jobs, full disks, clocks set back, other workflows round this one
	@$(INSIDE) pytest -n 2 --dist loadfile tests/faults $(ARGS)

test-export: environment peers  ## tests of make export, in the environment of the libraries that it writes for
	@$(PEER_TOOLS) -m pytest --confcutdir tests/export tests/export $(ARGS)

test-slurm: environment  ## tests on a real SLURM, installed and started on this machine (Debian, Ubuntu)
	@$(INSIDE) tests/slurm/run.sh $(ARGS)

test-browser: environment  ## lint the explorer's page and test it in a real Chromium, installed where missing (Debian)
	@$(INSIDE) tests/browser/run.sh $(ARGS)

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

# make benchmark PARTS="step growth" measures some of it; ARGS=--short only tries it out.
PARTS ?= step trainings growth device paper
benchmark: environment $(if $(filter step trainings,$(PARTS)),peers)  ## time PARTS against peers and the past: hours
	@$(TOOLS) python -m tools.benchmarks $(PARTS) --peers $(call quoted,$(PEERS)/bin/python) $(ARGS)

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

# How pip of a user is set to install, in variables or in pip.conf, has no say in an environment: only what it is told
# here has. Where packages come from (index, proxy, certificates, cache) stays as the user has it.
pip_install = PIP_USER=0 PIP_REQUIRE_HASHES=0 PIP_NO_DEPS=0 PIP_DRY_RUN=0 \
    $(call quoted,$(1)/bin/python) -I -m pip --python= --disable-pip-version-check install \
    --target= --prefix=$(call quoted,$(1)) --root=/

# What the environment was made from, in made-from.txt: its place (an environment cannot be moved) and the requirements.
# The file gets its name last, so that a failed installation is tried again.
environment:  ## make .venv from environment.yml; done once, and again when the list changes
	@environment=$(call quoted,$(ENVIRONMENT))
	if [[ $$environment = *[[:space:]\"\'\`\$$\&\|\;\<\>\(\)\{\}\*\?\[\\:]* ||
	    $$environment = *\]* || $$environment = */\~* ]]; then
	    echo "make: expected a path for the environment without blanks and signs that a shell reads as its own," \
	        "found '$$environment'." >&2
	    echo "Snakemake does not quote it. Move this folder, or name another place for the environment:" \
	        "make VENV=/path/without/blanks ..." >&2
	    exit 1
	fi
	made_from=$$environment/made-from.txt
	wanted=$$(echo "# $${environment%/*}"; $(LIST_REQUIREMENTS))
	if [ -x "$$environment/bin/python" ] && [ "$$wanted" = "$$(cat "$$made_from" 2>/dev/null)" ]; then
	    "$$environment/bin/python" -I workflow/tools/anywhere.py
	    exit
	fi
	if [ $(call quoted,$(VENV)) != .venv ] && [ -n "$$(ls -A "$$environment" 2>/dev/null)" ] &&
	    [ -z "$$(ls "$$made_from" "$$made_from.part" 2>/dev/null)" ]; then
	    echo "make: expected an empty folder or an environment that make made, found neither: '$$environment'." >&2
	    echo "It would be emptied. Name another: make VENV=/path/to/environment ..." >&2
	    exit 1
	fi
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
	if ! "$$python" -I -c 'import ensurepip, venv' 2>/dev/null; then
	    echo "make: $$python cannot make environments: its venv module is missing." >&2
	    echo "Install it (Debian, Ubuntu: sudo apt install python$(PYTHON_VERSION)-venv)." >&2
	    exit 1
	fi
	echo "Making $(VENV) from environment.yml: once, a few minutes."
	"$$python" -I -m venv --clear "$$environment"
	echo "$$wanted" > "$$made_from.part"
	$(call pip_install,$(ENVIRONMENT)) --requirement "$$made_from.part"
	"$$environment/bin/python" -I workflow/tools/anywhere.py
	mv "$$made_from.part" "$$made_from"

# The libraries that `make benchmark` compares with and `make export` writes for, in an environment of their own beside
# the other. What both need has the version of environment.yml.
PEERS := $(ENVIRONMENT)-peers
PEERS_LIST := workflow/tools/peers.txt

peers: environment  ## make .venv-peers, with the libraries of make benchmark and make export
	@peers=$(call quoted,$(PEERS))
	wanted=$$(cat $(PEERS_LIST); $(LIST_REQUIREMENTS))
	if [ "$$wanted" = "$$(cat "$$peers/made-from.txt" 2>/dev/null)" ]; then exit; fi
	echo "Making $(VENV)-peers from $(PEERS_LIST): once, a few minutes."
	$(call quoted,$(ENVIRONMENT)/bin/python) -I -m venv --clear "$$peers"
	$(call pip_install,$(PEERS)) --requirement $(PEERS_LIST) --constraint <($(LIST_REQUIREMENTS))
	echo "$$wanted" > "$$peers/made-from.txt"

# .snakemake goes with the results only: without its records Snakemake could not tell which results are stale. Either may
# be a link, such as to a scratch disk: then the folder behind it is emptied, and the next run goes there again.
clean:  ## delete the caches, and after asking the results with their trained weights; keeps .venv
	@if [ -e results ]; then
	    n_weights=$$(find results/ -name '*.safetensors' | wc -l)
	    size=$$(du -sh results/ | cut -f 1)
	    what="results/ ($$size, weights of $$n_weights"
	    if [ -L results ]; then what="$$(readlink -f results), to which results leads ($$size, weights of $$n_weights"; fi
	    if [ ! -t 0 ]; then
	        echo "make clean: $$what models) is deleted only after asking," \
	            "and there is no terminal to ask on. Nothing was deleted." >&2
	        exit 1
	    fi
	    find results/ -type l -printf 'Only a link, what it leads to stays: %p -> %l\n'
	    read -r -p "Delete $$what trained models)? [y/N] " answer
	    if [ "$$answer" != y ] && [ "$$answer" != yes ]; then echo "Nothing was deleted." >&2; exit 1; fi
	    for folder in results .snakemake; do
	        if [ ! -L $$folder ]; then
	            rm -rf $$folder
	        elif [ -e $$folder ]; then
	            find $$folder/ -mindepth 1 -delete
	        fi
	    done
	fi
	rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find config docs scripts tests workflow -name __pycache__ -prune -exec rm -rf {} +
