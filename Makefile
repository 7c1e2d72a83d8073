# The course's commands. `make help` lists them; README.md says who needs which.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BUDGET ?= standard
SEED   ?= 0
DEVICE ?= cpu
JOBS   ?=
SEEDS  ?= 0
PORT   ?= 8000
SOLUTIONS ?= show
OUT    ?= _build/assignment
# nbval executes committed notebooks; with every change it does so for these, at night for all.
SAMPLE := chapters/06_features.ipynb
NBVAL  := COURSE_BUDGET=quick COURSE_THREADS=1 COURSE_PROGRESS=off OMP_NUM_THREADS=1 \
  $(BIN)/python -m pytest -n auto --dist loadscope --nbval-lax --nbval-current-env
TESTED := _build/tested/html
.DEFAULT_GOAL := help
.PHONY: help book chapter print serve lab check test nightly notebooks bundles chapter-new lint assignment grade evidence mutants faults bench clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

book: $(VENV)/.book ## execute the chapters and build the static book (BUDGET=quick|standard|full, SOLUTIONS=hide)
	@$(BIN)/python -m tools.build --budget $(BUDGET) --seed $(SEED) --device $(DEVICE) --solutions $(SOLUTIONS) $(if $(JOBS),--jobs $(JOBS))

print: $(VENV)/.test ## print the built book as one PDF: _build/print/making-neural-networks-work.pdf
	@$(BIN)/python -m tools.printing

serve: ## look at the built book on http://127.0.0.1:8000 (PORT=8000)
	@$(PYTHON) tools/serve.py $(PORT)

lab: $(VENV)/.lab ## open copies of the notebooks in JupyterLab; the chapters stay as they are (LAB="--no-browser")
	@$(BIN)/python -m tools.lab $(LAB)

check: $(VENV)/.test ## check what differs from the main branch, in two minutes at most
	@$(BIN)/python -m tools.check

chapter: $(VENV)/.book ## execute, render and open one chapter, quickly: make chapter N=07
	@$(BIN)/python -m tools.chapter --budget $(if $(filter file,$(origin BUDGET)),quick,$(BUDGET)) --seed $(SEED) --device $(DEVICE) "$(N)"

test: $(VENV)/.test ## run the tests of every change: lib, tools, chapters, the built pages in a browser
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m tools.build --budget quick --without-preview --out $(TESTED)
	@BOOK_HTML=$(TESTED) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
	@$(NBVAL) $(SAMPLE)

nightly: $(VENV)/.test ## run what is too long for every change: all chapters in all ways, all faults, mutants
	@failed=; \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "nightly or slow_fault" || failed="$$failed tests"; \
	  $(NBVAL) chapters || failed="$$failed nbval"; \
	  $(BIN)/python -m tools.mutants && $(BIN)/python -m tools.grading.mutants || failed="$$failed mutants"; \
	  test -z "$$failed" || { echo "Failed:$$failed" >&2; exit 1; }

notebooks: $(VENV)/.book ## rewrite chapters/*.ipynb from chapters/*.py, with fresh reference outputs
	@$(BIN)/python -m tools.pair

bundles: $(VENV)/.book ## rewrite lib/widgets/bundles from the JavaScript and CSS in lib/widgets/js
	@$(BIN)/python -m tools.bundle

chapter-new: $(VENV)/.book ## write the skeleton of a new chapter: make chapter-new NAME=sequences
	@$(BIN)/python -m tools.new_chapter "$(NAME)"

lint: $(VENV)/.test ## check and format the code
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .
	@$(BIN)/python -m tools.javascript

assignment: $(VENV)/.book ## hand out chapters: make assignment CHAPTERS="activations seq2seq" OUT=folder
	@test "$(VARIANTS)" != yes -o -n "$(ROSTER)" || { echo 'Say who gets variants: VARIANTS=yes ROSTER=file' >&2; exit 2; }
	@test -n "$(strip $(CHAPTERS))" || { echo 'Name the chapters: make assignment CHAPTERS="activations seq2seq" OUT=folder' >&2; exit 2; }
	@$(BIN)/python -m tools.assignment --out "$(OUT)" $(if $(PUBLISHED),--published "$(PUBLISHED)") $(if $(COURSE),--course "$(COURSE)") \
	  $(if $(filter yes,$(VARIANTS)),--variants "$(ROSTER)") $(CHAPTERS)

grade: $(VENV)/.book ## grade what came back: make grade ASSIGNMENT=folder SUBMISSIONS=folder (ROSTER=file OVERRIDES=file REGRADE=names)
	@test -n "$(ASSIGNMENT)" && test -n "$(SUBMISSIONS)" || { echo 'Name both folders: make grade ASSIGNMENT=folder SUBMISSIONS=folder' >&2; exit 2; }
	@$(BIN)/python -m tools.grading "$(ASSIGNMENT)" "$(SUBMISSIONS)" \
	  $(if $(GRADES),--out "$(GRADES)") $(if $(JOBS),--jobs $(JOBS)) $(if $(SECONDS),--seconds $(SECONDS)) \
	  $(if $(ROSTER),--roster "$(ROSTER)") $(if $(OVERRIDES),--overrides "$(OVERRIDES)") \
	  $(if $(REGRADE),--regrade $(foreach name,$(REGRADE),'$(name)')) $(if $(filter yes,$(UNSANDBOXED)),--unsandboxed)

evidence: $(VENV)/.book ## add runs to the ledger: make evidence SEEDS="10 11" [CHAPTERS="07"] [CLAIMS="…"]
	@$(BIN)/python -m tools.evidence --seeds $(SEEDS) --device $(DEVICE) \
	  $(if $(CHAPTERS),--chapters $(CHAPTERS)) $(if $(CLAIMS),--claims $(CLAIMS)) \
	  $(if $(EVIDENCE),--folder "$(EVIDENCE)") $(if $(filter yes,$(VERIFY)),--verify)

mutants: $(VENV)/.test ## put faults into lib and into answers, and see that the checks notice
	@$(BIN)/python -m tools.mutants
	@$(BIN)/python -m tools.grading.mutants

faults: $(VENV)/.test ## run every fault (make test runs a sample of each kind) and count them
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile tests/faults -m ""

bench: $(VENV)/.test ## measure our code against its peers (NAMES="occlusion mixing")
	@$(BIN)/python -m benchmarks $(NAMES)

clean: ## remove what was built; the environment and the data stay
	rm -rf _build

# The stamps are written last, so that an interrupted install is taken up again.
$(VENV)/.book: requirements.txt requirements.lock pyproject.toml
	@$(PYTHON) tools/environment.py book

$(VENV)/.lab: requirements-lab.txt $(VENV)/.book
	@$(PYTHON) tools/environment.py lab

$(VENV)/.test: requirements-dev.txt requirements-optional.txt $(VENV)/.book
	@$(PYTHON) tools/environment.py test
