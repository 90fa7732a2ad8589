# What the project can do. `make demo` and `make test` need Python 3.11 or newer and make, nothing else: both make
# their own .venv from requirements.lock. `make PYTHON=/path/to/python3.12 …` picks another Python.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_ARGS ?= -n 2 --dist loadfile

.PHONY: help demo test check bench bench-delivery bench-cards bench-ranking shots lock clean

help:
	@echo "make demo    try the bot here, without a token"
	@echo "make test    run the tests (PYTEST_ARGS=… hands pytest other arguments)"
	@echo "make check   ruff, ruff format --check and mypy --strict"
	@echo "make bench   measure, each number beside a peer's"
	@echo "make bench-ranking  what ranking costs and how well it finds papers, each figure met or missed"
	@echo "make bench-delivery  sending: speed, limits, kills, and many chats"
	@echo "make bench-cards  how good the cards are, by analyst (LLM_MODEL=… for a model's)"
	@echo "make shots   take pictures of the demo's page (needs Chromium; SHOTS=… names their folder)"
	@echo "make lock    resolve the dependencies anew (needs uv)"
	@echo "make clean   remove .venv and everything else that was made"

demo: $(VENV)/.installed
	@$(BIN)/paperboy demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-delivery: $(VENV)/.installed
	@set -e; for name in transport paid delivery morning kills takeover load program; do echo "== $$name"; \
		PYTHONPATH=. OPENBLAS_NUM_THREADS=1 $(BIN)/python "tests/bench/bench_$$name.py"; done

bench: $(VENV)/.installed
	@set -e; for file in tests/bench/bench_*.py; do echo "== $$file"; PYTHONPATH=. OPENBLAS_NUM_THREADS=1 $(BIN)/python "$$file"; done

bench-ranking: $(VENV)/.installed
	@PYTHONPATH=. OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/bench/bench_ranking.py

# With LLM_MODEL set the model's cards are measured too, which costs tokens.
bench-cards: $(VENV)/.installed
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_cards.py

SHOTS ?= build/shots
shots: $(VENV)/.installed
	PYTHONPATH=. $(BIN)/python tests/page/shots.py "$(SHOTS)"

# The locks name no index: only names, versions and hashes. requirements.lock is for people who work on Paperboy,
# requirements-run.lock for those who run it, requirements-build.lock for making the package. What is locked stays as it
# is where it still fits; `make lock UV_ARGS=--upgrade` takes the newest.
UV_ARGS ?=
UV := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $(UV_ARGS)
lock:
	$(UV) --all-extras pyproject.toml -o requirements.lock
	$(UV) --extra llm --extra postgres -c requirements.lock pyproject.toml -o requirements-run.lock
	sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | \
		$(UV) --no-annotate -c requirements.lock - -o requirements-build.lock

clean:
	rm -rf $(VENV) build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment is made anew only when the lock has changed; the package is then put into it as it stands
# here, which fetches nothing.
$(VENV)/.locked: requirements.lock
	@sh scripts/venv.sh "$(VENV)" $(PYTHON)
	@echo "Installing what requirements.lock names into $(VENV); this happens once." >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@
