# `make demo` and `make test` set up everything they need inside this tree (.venv, target) from pinned versions.
# A step that this machine cannot do prints `SKIPPED: what, why, how to get it`; with SALLET_NO_SKIP=1 it fails instead.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

CARGO ?= cargo
# rustup's own folder, for the shell that was open before rustup was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

VENV := .venv
PY := $(VENV)/bin/python
PINS := py-binding/requirements
INSTALL = $(PY) $(PINS)/install.py

# Looked up when the venv is made: the first interpreter that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && command -v $$p && break; done)

# $(call skip,what,why,how)
skip = { echo "SKIPPED: $(1), $(2), $(3)"; [ "$$SALLET_NO_SKIP" != 1 ]; }
say = @echo "==> $(1)"

.PHONY: help setup develop demo test test-rust fmt clippy features cargo-test doc msrv other-readers constant-time fuzz-replay firmware \
	test-abi3 wheel-abi3 test-python test-types test-upstream fuzz fuzz-minimise timing sabotage walk load bench bench-quick bench-core bench-hyper \
	bench-python bench-check bench-baseline bench-lint test-report lines pins clean

help: ## Show this list
	@echo "Sallet: make TARGET"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-15s %s\n", $$1, $$2 }'

# ---- set-up

$(VENV)/pyvenv.cfg:
	$(call say,making $(VENV) with $(or $(PYTHON),no Python))
	@[ -n "$(PYTHON)" ] || { echo "Sallet needs Python 3.10 or newer, and no python3 here is one. Install it, or: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "This Python cannot make a venv. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/demo.stamp: $(PINS)/demo.txt $(VENV)/pyvenv.cfg
	$(call say,installing the Python packages of the demo)
	@$(INSTALL) $<
	@touch $@

# After the others, never beside them: two pips in one venv trip over each other under `make -j`.
$(VENV)/dev.stamp: $(PINS)/dev.txt $(VENV)/pyvenv.cfg | $(VENV)/develop.stamp
	$(call say,installing the Python packages of the tests)
	@$(INSTALL) $<
	@touch $@

$(VENV)/bench.stamp: $(PINS)/bench.txt $(VENV)/dev.stamp
	$(call say,installing the peers to measure against)
	@$(INSTALL) $<
	@touch $@

# Folders are listed beside the files in them, so that a file taken away is seen too.
EXTENSION := Cargo.toml Cargo.lock core/Cargo.toml py-binding/Cargo.toml py-binding/pyproject.toml \
	$(shell find core/src py-binding/src)

$(VENV)/develop.stamp: $(EXTENSION) | $(VENV)/demo.stamp
	$(call say,building the extension (release) into $(VENV))
	@command -v $(CARGO) >/dev/null || { echo "Sallet needs Rust, and there is no cargo here. Get it from https://rustup.rs"; exit 1; }
	@cd py-binding && VIRTUAL_ENV="$(CURDIR)/$(VENV)" ../$(VENV)/bin/maturin develop --release --locked
	@touch $@

# What npm writes last.
NPM := py-binding/tests/npm
$(NPM)/node_modules/.package-lock.json: $(NPM)/package.json $(NPM)/package-lock.json
	$(call say,installing the npm packages that the tests compare with (150 MB: a minute))
	@if command -v npm >/dev/null; then cd $(NPM) && npm ci --ignore-scripts --no-audit --no-fund; \
	else $(call skip,the comparisons with npm packages,no npm,apt-get install nodejs npm); fi

# Beside the venv, which has the Django of drf-spectacular.
DJANGO := target/django
$(DJANGO)/installed.stamp: $(PINS)/django.txt $(VENV)/pyvenv.cfg
	$(call say,installing the Django that the tests compare with)
	@rm -rf $(DJANGO) && $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
		--require-hashes --target $(DJANGO) -r $<
	@touch $@

setup: $(VENV)/dev.stamp $(VENV)/develop.stamp $(DJANGO)/installed.stamp $(NPM)/node_modules/.package-lock.json ## Make .venv with everything the tests need, and build into it

develop: $(VENV)/develop.stamp ## Build the extension (release) into .venv

# ---- the main job

demo: $(VENV)/develop.stamp ## Serve the example app, show what it sends and refuses (PORT= to choose the port)
	@$(PY) py-binding/examples/demo.py

# ---- the tests

test: test-rust bench-lint other-readers constant-time fuzz-replay firmware test-abi3 test-python test-report ## Run every test

test-rust: fmt clippy features cargo-test doc msrv ## Format, lints, Rust tests, docs, oldest toolchain

fmt:
	$(call say,cargo fmt --check)
	@if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --all --check; \
	else $(call skip,the format check,no rustfmt,rustup component add rustfmt); fi

clippy:
	$(call say,cargo clippy with the features off and on)
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
		$(CARGO) clippy --workspace --all-targets --locked -- -D warnings && \
		$(CARGO) clippy --workspace --all-targets --locked --all-features -- -D warnings; \
	else $(call skip,the lints,no clippy,rustup component add clippy); fi

FEATURES := arc-swap axum file hyper passwords throttle tracing
features: ## Lint every pair of sallet-hyper's features
	$(call say,cargo clippy on every pair of the adapter's features)
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
		$(CARGO) clippy -q -p sallet-hyper --lib --locked --no-default-features -- -D warnings || exit 1; \
		for a in $(FEATURES); do for b in $(FEATURES); do [ "$$a" \> "$$b" ] || \
		$(CARGO) clippy -q -p sallet-hyper --lib --locked --no-default-features --features "$$a,$$b" -- -D warnings || exit 1; \
		done; done; \
	else $(call skip,the lints of every pair of features,no clippy,rustup component add clippy); fi

cargo-test:
	$(call say,cargo test (links the core without an allocator too))
	@$(CARGO) test --workspace --exclude sallet-py --all-features --locked
	@$(CARGO) test -p sallet-hyper --locked --test without_axum

doc:
	$(call say,cargo doc)
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --exclude sallet-py --all-features --no-deps --locked

# The version stands in Cargo.toml alone.
msrv: ## Check with the oldest toolchain that Cargo.toml promises
	$(call say,cargo check on the oldest toolchain)
	@want=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); \
	case "$$(rustc --version)" in \
	"rustc $$want."*) run="" ;; \
	*) run=none; for t in $$want.0 $$want; do \
		rustup run $$t cargo --version >/dev/null 2>&1 && run="rustup run $$t" && break; done ;; \
	esac; \
	if [ "$$run" = none ]; then $(call skip,the check on Rust $$want,only $$(rustc --version) is here,rustup toolchain install $$want.0); \
	else $$run $(CARGO) check --workspace --all-targets --locked && echo "Rust $$want: ok"; fi

firmware: ## The core on an emulated Cortex-M: what it costs, its cases, broken heads, constant time
	$(call say,firmware)
	@cd firmware && export CARGO_TARGET_DIR=../target/firmware-host && $(CARGO) fmt --all --check && \
	$(CARGO) clippy --workspace --lib --locked -- -D warnings && $(CARGO) test --doc --locked
	@firmware/run

test-python: setup ## pytest: the package on real servers, the README, the types
	$(call say,pytest)
	@cd py-binding && ../$(PY) -m pytest $(PYTEST)

constant-time: ## Valgrind: no branch and no address depends on a secret
	$(call say,constant time)
	@if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --check --manifest-path core/tests/constant_time/Cargo.toml; \
	else $(call skip,the format check,no rustfmt,rustup component add rustfmt); fi
	@CARGO="$(CARGO)" core/tests/constant_time/run

other-readers: ## Servo's parser and sfv read what Sallet sends; all that the specifications allow is accepted
	$(call say,what the parsers of others read)
	@cd core/tests/other_readers && export CARGO_TARGET_DIR=../../../target/other-readers && \
	if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --check; else $(call skip,the format check,no rustfmt,rustup component add rustfmt); fi && \
	if $(CARGO) clippy --version >/dev/null 2>&1; then $(CARGO) clippy -q --all-targets --locked -- -D warnings; else $(call skip,the lints,no clippy,rustup component add clippy); fi && \
	$(CARGO) test --quiet --locked

fuzz-replay: ## Every stored input of the fuzzers again, on stable Rust
	$(call say,fuzz corpora)
	@cd fuzz && export CARGO_TARGET_DIR=../target/fuzz-replay && \
	if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --check; else $(call skip,the format check,no rustfmt,rustup component add rustfmt); fi && \
	if $(CARGO) clippy --version >/dev/null 2>&1; then $(CARGO) clippy -q --all-targets --locked -- -D warnings; else $(call skip,the lints,no clippy,rustup component add clippy); fi && \
	$(CARGO) test --quiet --locked --test corpora -- --show-output

# The one wheel for every CPython, tried on this one: the extension found first must be the wheel's.
ABI3 := target/abi3
wheel-abi3: $(VENV)/develop.stamp ## Build the wheel for CPython 3.10 and every later one, into target/wheels
	$(call say,building the abi3 wheel)
	@rm -f target/wheels/sallet-*-abi3-*.whl
	@cd py-binding && ../$(VENV)/bin/maturin build --release --locked --features abi3 --out ../target/wheels --interpreter ../$(PY)

test-abi3: wheel-abi3 setup ## The tests that need no server, on the abi3 wheel
	$(call say,pytest on the abi3 wheel)
	@rm -rf $(ABI3) && $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --target $(ABI3) target/wheels/sallet-*-cp310-abi3-*.whl
	@cd py-binding && export PYTHONPATH="$(CURDIR)/$(ABI3)" && \
	../$(PY) -c "from sallet import _sallet; assert _sallet.__file__.endswith('.abi3.so'), _sallet.__file__" && \
	../$(PY) -m pytest -q tests/test_policy.py tests/test_policy_refusals.py tests/test_own_headers.py tests/test_auth.py \
		tests/test_authenticate.py tests/test_credentials.py tests/test_keyring.py tests/test_nonce.py tests/test_threads.py

test-report: $(VENV)/bench.stamp ## The committed bench report is whole, made of its data, and what the README shows
	$(call say,pytest on the bench report)
	@$(PY) -m pytest -q -p no:cacheprovider benches/reporting

bench-lint: ## Lints and unit tests of the Rust benchmarks
	$(call say,the Rust benchmarks)
	@for part in core hyper instructions; do ($(call bench-in,$$part) && \
		$(CARGO) fmt --check && $(CARGO) clippy -q --all-targets --locked -- -D warnings) || exit 1; done
	@$(call bench-in,core) && $(CARGO) test -q --locked --lib
	@$(call bench-in,instructions) && $(CARGO) test -q --locked --bins

test-types: setup ## mypy --strict, pyright and stubtest alone
	$(call say,types)
	@cd py-binding && ../$(PY) -m pytest tests/test_typing.py

# ---- evidence

# In a venv of their own: the plugins that they bring would change our tests.
UPSTREAM := target/upstream
$(UPSTREAM)/venv.stamp: $(PINS)/upstream.txt $(VENV)/develop.stamp
	$(call say,installing the Python packages of the test suites)
	@$(PY) -m venv --clear $(UPSTREAM)/venv
	@$(UPSTREAM)/venv/bin/python $(PINS)/install.py $<
	@touch $@

test-upstream: $(VENV)/develop.stamp ## The test suites of FastAPI and Starlette with Sallet around every app (ONLY="starlette auth" for some)
	@if $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		$(MAKE) --no-print-directory $(UPSTREAM)/venv.stamp && $(UPSTREAM)/venv/bin/python py-binding/upstream/run.py $(ONLY); \
	else $(call skip,the test suites of FastAPI and Starlette,those that are pinned need Python 3.11,rm -r .venv && make setup PYTHON=python3.11); fi

fuzz: setup ## Fuzz every target in turn: MINUTES=5 for each, TARGETS="path_rules headers" for some
	$(call say,fuzzing)
	@$(PY) fuzz/run.py fuzz --minutes $(or $(MINUTES),5) $(if $(TARGETS),--targets $(TARGETS))

fuzz-minimise: $(VENV)/develop.stamp ## Write what the last runs found to fuzz/corpus, as few files as will do
	$(call say,minimising the corpora)
	@$(PY) fuzz/run.py minimise $(if $(TARGETS),--targets $(TARGETS))

timing: ## t values: can a clock tell what is compared? Two minutes, QUICK=1 for less
	$(call say,timing)
	@cd benches/timing && export CARGO_TARGET_DIR=../../target/timing && \
	$(CARGO) test --release --locked -- --quiet && $(CARGO) run --release --locked

sabotage: setup ## Break every promise of SECURITY.md on purpose, and see its check fail (PATCHES="headers-twice" for some)
	@$(PY) sabotage/run.py $(PATCHES)

walk: setup ## Add a scheme to a copy of this tree, in five files, and try it in every host (three minutes, seconds once built)
	@$(PY) walks/try.py

bench: $(VENV)/bench.stamp $(VENV)/develop.stamp ## Measure everything, some twenty minutes: benches/report (PART=core,hyper for some)
	@$(PY) benches/reporting/run.py $(PART)

bench-quick: $(VENV)/bench.stamp $(VENV)/develop.stamp ## The same in three minutes once built, into target/bench-quick
	@$(PY) benches/reporting/run.py --quick $(PART)

# Each has a target of its own: the peers are heavy, and instructions are counted with flags of their own.
bench-in = cd benches/$(1) && export CARGO_TARGET_DIR="$(CURDIR)/target/bench-$(1)" CRITERION_HOME="$(CURDIR)/target/criterion/$(1)"

bench-core: ## The core beside its floors, then criterion (QUICK=1; BENCH=bearer: that part; CRITERION=keyring: those names)
	@$(call bench-in,core) && \
	if [ -n "$(CRITERION)" ]; then $(CARGO) bench --locked --bench cost -- $(CRITERION); else \
		$(CARGO) bench --locked --bench ratios -- $(BENCH) && \
		if [ -z "$(BENCH)" ]; then $(CARGO) bench --locked --bench cost; fi; fi

bench-hyper: ## The tower layers beside the peers, a server, criterion (QUICK=1; BENCH=own; BENCH=connections; CRITERION=own/sallet)
	@$(call bench-in,hyper) && \
	if [ -n "$(CRITERION)" ]; then $(CARGO) bench --locked --bench cost -- $(CRITERION); \
	elif [ "$(BENCH)" = connections ]; then $(CARGO) run --release --locked --bin connections; else \
		$(CARGO) bench --locked --bench ratios -- $(BENCH) && \
		if [ -z "$(BENCH)" ]; then \
			$(CARGO) run --release --locked --bin connections && $(CARGO) bench --locked --bench cost; fi; fi

bench-python: $(VENV)/bench.stamp $(VENV)/develop.stamp ## Time per request beside the peers, in process and under servers (BENCH=--list names the rows)
	@$(PY) benches/python/bench.py $(BENCH)

bench-check: ## Instruction counts against the committed baseline: a rise over 2 % fails, and is shown where it is
	$(call say,instruction counts)
	@if command -v valgrind >/dev/null; then $(call bench-in,instructions) && $(CARGO) run --release --locked -- check $(BENCH); \
	else $(call skip,the instruction counts,no valgrind,apt-get install valgrind); fi

bench-baseline: ## Take the instruction counts of this tree as the baseline
	@$(call bench-in,instructions) && $(CARGO) run -q --release --locked -- baseline

load: ## Two minutes of good, bad and missing tokens on an example server (SECONDS= for less)
	@$(CARGO) build --release --locked -p sallet-hyper --example hyper --features hyper
	@cd benches/hyper && CARGO_TARGET_DIR=../../target/bench-hyper $(CARGO) run --release --locked --bin load -- \
		../../target/release/examples/hyper $(or $(SECONDS),120)

lines: ## Count lines of code: core, adapter, binding (TREE=/another/checkout)
	@python3 benches/lines.py $(or $(TREE),.)

# ---- the rest

# One resolution for every CPython from 3.10 on; demo and bench take their versions from dev.
UV = $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-annotate --custom-compile-command "make pins"
pins: $(VENV)/pyvenv.cfg ## Renew the pinned Python packages (needs a network)
	$(call say,resolving the newest versions)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@cd $(PINS) && ../../$(UV) dev.in -o dev.txt
	@cd $(PINS) && ../../$(UV) demo.in -c dev.txt -o demo.txt
	@cd $(PINS) && ../../$(UV) bench.in -c dev.txt -o bench.txt
	@cd $(PINS) && $(subst 3.10,3.11,../../$(UV)) upstream.in -c dev.txt -o upstream.txt
	@cd $(PINS) && $(subst 3.10,3.11,../../$(UV)) sdists.in -c dev.txt -o sdists.txt --no-deps --generate-hashes \
		--no-binary fastapi --no-binary starlette --emit-build-options
	@git diff --stat -- $(PINS) 2>/dev/null || true

clean: ## Remove .venv, target and the built extension
	rm -rf $(VENV) target py-binding/python/sallet/*.so core/tests/no_alloc/Cargo.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
