# The course's commands. `make help` lists them; README.md says who needs which.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BUDGET ?= standard
SEED   ?= 0
DEVICE ?= cpu
JOBS   ?= 1
PORT   ?= 8000
SOLUTIONS ?= show
OUT    ?= _build/assignment
export PIP_DISABLE_PIP_VERSION_CHECK := 1
SHELL  := bash -o pipefail
# pip's progress without a line for each of the 150 packages that are already there
NEWS   := { grep --line-buffered -v '^Requirement already satisfied' || true; }

.DEFAULT_GOAL := help
.PHONY: help book print serve test notebooks lint assignment grade mutants faults bench clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

book: $(VENV)/.book ## execute the chapters and build the static book (BUDGET=quick|standard|full, SOLUTIONS=hide)
	@$(BIN)/python -m tools.build --budget $(BUDGET) --seed $(SEED) --device $(DEVICE) --jobs $(JOBS) --solutions $(SOLUTIONS)

print: $(VENV)/.test ## print the built book as one PDF: _build/print/making-neural-networks-work.pdf
	@$(BIN)/python -m tools.printing

serve: ## look at the built book on http://127.0.0.1:8000 (PORT=8000)
	@test -f _build/html/index.html || { echo "No book yet: run 'make book' first." >&2; exit 1; }
	@echo "The book is on http://127.0.0.1:$(PORT) (Ctrl-C stops)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: $(VENV)/.test ## run every test: lib, tools, chapters (nbval), the built pages in a browser
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile
	@echo "Checking the outputs of the chapters' notebooks (nbval)"
	@COURSE_BUDGET=quick COURSE_THREADS=1 COURSE_PROGRESS=off OMP_NUM_THREADS=1 \
	  $(BIN)/python -m pytest -n auto --dist loadscope --nbval-lax --nbval-current-env chapters

notebooks: $(VENV)/.book ## rewrite chapters/*.ipynb from chapters/*.py, with fresh reference outputs
	@$(BIN)/python -m tools.pair

lint: $(VENV)/.test ## check and format the code
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

assignment: $(VENV)/.book ## hand out chapters: make assignment CHAPTERS="activations seq2seq" OUT=folder
	@$(BIN)/python -m tools.assignment --out "$(OUT)" $(if $(PUBLISHED),--published "$(PUBLISHED)") $(CHAPTERS)

grade: $(VENV)/.book ## grade what came back: make grade ASSIGNMENT=folder SUBMISSIONS=folder
	@$(BIN)/python -m tools.grading "$(ASSIGNMENT)" "$(SUBMISSIONS)" \
	  $(if $(GRADES),--out "$(GRADES)") $(if $(filter yes,$(UNSANDBOXED)),--unsandboxed)

mutants: $(VENV)/.test ## put faults into lib, in copies, and see that the chapters' checks notice
	@$(BIN)/python -m tools.mutants

faults: $(VENV)/.test ## run every fault (make test runs a sample of each kind) and count them
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile tests/faults -m ""

bench: $(VENV)/.test ## measure our code against its peers (NAMES="occlusion mixing")
	@$(BIN)/python -m benchmarks $(NAMES)

clean: ## remove what was built; the environment and the data stay
	rm -rf _build

# The environments' stamps are written last: an interrupted install is taken up again. Two makes at
# once take turns.
TURNS  := flock .venv.lock
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 book" >&2; exit 1; }
	@echo "Creating the environment in $(VENV)"
	@$(TURNS) $(PYTHON) -m venv $(VENV) \
	  || { echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.book: requirements.txt requirements.lock pyproject.toml | $(VENV)/.python
	@echo "Installing the pinned requirements (about 6 GB with PyTorch; minutes on the first run)"
	@$(TURNS) $(BIN)/python -m pip install -r requirements.txt -c requirements.lock | $(NEWS)
	@$(TURNS) $(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-dev.txt requirements-optional.txt $(VENV)/.book
	@$(TURNS) $(BIN)/python -m pip install -r requirements-dev.txt -c requirements.lock | $(NEWS)
	@touch $@
