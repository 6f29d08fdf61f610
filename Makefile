# make lab    sets everything up in .venv and opens the course
# make test   sets everything up and runs every check
# Windows and conda: the same as plain commands, see README.md

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := .tools/bin/uv

# without compiled files every kernel start recompiles its imports, which doubles the run time of notebooks
unexport PYTHONDONTWRITEBYTECODE

.PHONY: lab test refresh exercises slides site lint bench lock check-lock clean

lab: .venv/.course
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb --ServerApp.ip=127.0.0.1 \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	  $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

test: .venv/.dev check-lock
	$(BIN)/ruff check .
	$(BIN)/python -m crmlib exercises --check
	$(BIN)/python -m crmlib lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/browser $(PYTEST_ARGS)

# run the notebooks again and store what they print; unchanged ones stay as they are, byte for byte
refresh: .venv/.course
	$(BIN)/python -m crmlib refresh

# exercises come from notebooks/solutions
exercises: .venv/.course
	$(BIN)/python -m crmlib exercises

# a deck of every chapter, in build/slides; SLIDES_ARGS=--check looks at each slide (needs make .venv/.dev), --code shows code
slides: .venv/.course
	$(BIN)/python -m crmlib slides $(SLIDES_ARGS)

# the reading site, in build/site/html, from the stored outputs; with decks if make slides made some;
# SITE_ARGS="--repository https://github.com/you/course" adds buttons to launch a notebook and to see its source
site: .venv/.dev
	$(BIN)/python docs/build.py $(SITE_ARGS)

lint: .venv/.course
	$(BIN)/python -m crmlib lint

# what crmlib costs beside plain lifetimes, in some minutes; more: BENCH_ARGS="--sizes 1e8 --data FOLDER"
bench: .venv/.course
	$(BIN)/python tests/bench --date $$(date +%F) --readme README.md $(BENCH_ARGS)

# --- environments: what the course needs, and what its makers need on top --------------------------------

$(UV):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed, this is ' + \
	  sys.version.split()[0] + ': say which with make PYTHON=python3.12 …')"
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/pyvenv.cfg: | $(UV)
	$(UV) venv --quiet --python "$$(command -v $(PYTHON))" .venv

.venv/.course: requirements.lock pyproject.toml | .venv/pyvenv.cfg
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(finish)

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/pyvenv.cfg
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(finish)
	@touch .venv/.dev

# the library itself; compiled files for what the course imports (all of them would be twice as many);
# no pop-up with news
WARM_UP = import jupyterlab.labapp, jupyter_lsp, ipykernel.kernelapp, ipykernel.inprocess, IPython, ipywidgets, \
  nbconvert.exporters, nbclient, matplotlib.pyplot, matplotlib.backends.backend_agg, seaborn, lifetimes, scipy.stats, \
  ibis, crmlib.btyd; ibis.duckdb.connect().sql("select 1").execute()

define finish
$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
$(BIN)/python -W ignore -c '$(WARM_UP)'
$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements >/dev/null 2>&1
@touch .venv/.course
endef

# --- locks: resolved for every platform and Python, with hashes, naming no host --------------------------

COMPILE = $(UV) pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --quiet \
  --custom-compile-command "make lock"

lock: | $(UV)
	$(COMPILE) --all-extras -o requirements-dev.lock $(LOCK_ARGS)
	$(COMPILE) -c requirements-dev.lock -o requirements.lock $(LOCK_ARGS)
	$(MAKE) environment.yml

environment.yml: pyproject.toml | .venv/.dev
	$(BIN)/pyproject2conda project --overwrite force

# resolve again from the present pins, and compare what is pinned
check-lock: .tools/.locks-checked
.tools/.locks-checked: pyproject.toml requirements.lock requirements-dev.lock | $(UV)
	@for lock in requirements.lock requirements-dev.lock; do \
	  cp $$lock .tools/$$lock; \
	  extras=$$([ $$lock = requirements.lock ] && echo "-c requirements-dev.lock" || echo "--all-extras"); \
	  $(COMPILE) $$extras -o .tools/$$lock; \
	  grep -o '^[a-z0-9.-]*==[^\\]*' $$lock > .tools/pins; \
	  grep -o '^[a-z0-9.-]*==[^\\]*' .tools/$$lock | diff .tools/pins - || \
	    { echo "$$lock is not what pyproject.toml resolves to: run make lock"; exit 1; }; \
	done
	@touch $@

clean:
	rm -rf .venv .tools
