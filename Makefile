# make search   a real search on the table that ships, from a fresh clone
# make test     the whole test suite
# make test-browser   that of reports, in a browser (apt-get install chromium chromium-driver)
# make test-imagenet   that of training on image files, in an environment of its own (5.5 GB)
# make data     imports the tables that FROM holds into DATA (see CONTRIBUTING)
# make notebooks   executes the notebooks, and keeps what they show
# make check    lint, format and types
PYTHON ?= python3
DATA ?= $(CURDIR)/data
FROM ?= ../shared/data
BIN := .venv/bin
READY := .venv/.ready

VISION := .venv-imagenet/bin
VISION_READY := .venv-imagenet/.ready

.PHONY: search test test-browser test-imagenet slow data notebooks check clean

search: $(READY)
	$(BIN)/agnet search

test: $(READY)
	$(if $(wildcard $(DATA)),AGNET_DATA=$(DATA)) $(BIN)/pytest -n 2
	@echo "left out: tests/imagenet (make test-imagenet), tests/browser (make test-browser)"

test-browser: $(READY)
	$(BIN)/pytest -m browser tests/browser

test-imagenet: $(VISION_READY)
	$(VISION)/python -m pytest -m imagenet tests/imagenet

slow: $(READY)
	$(if $(wildcard $(DATA)),AGNET_DATA=$(DATA)) $(BIN)/pytest -m slow

data: $(READY)
	AGNET_DATA=$(DATA) $(BIN)/agnet import nasbench201 $(FROM)/nasbench201.npz
	AGNET_DATA=$(DATA) $(BIN)/agnet import hwnasbench $(FROM)/hwnasbench_nb201.npz
	AGNET_DATA=$(DATA) $(BIN)/agnet import nasbench101 $(FROM)/ecnas_5v_4epochs.npz
	AGNET_DATA=$(DATA) $(BIN)/agnet import nasbench101 $(FROM)/nasbench101_subset.npz
	AGNET_DATA=$(DATA) $(BIN)/agnet import ofa_mbv3 $(FROM)/ofa_mbv3_acc_predictor_fp16.npz
	AGNET_DATA=$(DATA) $(BIN)/agnet import ofa_mbv3 $(FROM)/ofa_lut_i7-8700K.csv
	AGNET_DATA=$(DATA) $(BIN)/agnet import ofa_mbv3 $(FROM)/ofa_mbv3_accuracy.npz

notebooks: $(READY)
	$(BIN)/jupytext --quiet --sync experiments/notebooks/*.py
	$(if $(wildcard $(DATA)),AGNET_DATA=$(DATA)) $(BIN)/pytest --nbmake --overwrite -W default experiments/notebooks

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv .venv-imagenet build dist *.egg-info

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,bo,boosting,evolution,optuna,onnx,ray,tensorboard]'
	touch $(READY)

# torchvision does not import beside the torch that constraints.txt pins.
$(VISION_READY): pyproject.toml constraints-imagenet.txt
	$(PYTHON) -m venv .venv-imagenet
	$(VISION)/pip install --quiet --constraint constraints-imagenet.txt --editable '.[imagenet]' pytest
	touch $(VISION_READY)
