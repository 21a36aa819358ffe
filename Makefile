# The commands of this project. `make help` lists them; each can be repeated at any time.

CARGO  ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
export PATH := $(PATH):$(HOME)/.cargo/bin

# The crates whose imports and words `make lint` checks.
CHECKED_CRATES := $(wildcard crates/*) cpkgs fuzz repogen uploader
CHECKED_TEXTS  := $(CHECKED_CRATES) tests bench docs nginx tools README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md Makefile

# How long `make fuzz` spends on each target.
FUZZ_SECONDS ?= 20

.PHONY: help setup dev demo build deb test-debs test test-postgresql test-s3 test-web test-archive test-rootless test-apt-suite test-containers test-chaos check-kubernetes docker-up torture bench bench-uploads bench-micro fuzz api-fuzz fmt lint clippy audit health clean
.DEFAULT_GOAL := help

help: ## Lists these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-20s %s\n", $$1, $$2 }'

# Quick the second time: done again when what it depends on has changed.
setup: $(TARGET)/.setup ## Installs the Debian packages and crates that the other commands need
	@:
$(TARGET)/.setup: tools/setup rust-toolchain.toml Cargo.toml Cargo.lock
	@tools/setup
	@mkdir -p $(TARGET) && touch $@

$(TARGET)/.setup-archive: $(TARGET)/.setup
	@tools/setup --archive
	@touch $@

dev: setup ## Builds quickly, and serves an archive to play with until Ctrl-C
	@tools/dev

demo: setup ## Shows the main job: from a package to `apt install`
	@tools/demo

build: setup ## Builds release programs
	$(CARGO) build --locked --release --workspace --bins

deb: $(TARGET)/.setup-deb ## Builds Debian packages of the three programs into target/debian/
	@tools/deb

test-debs: deb $(TARGET)/.setup-archive ## Installs, uses, upgrades and purges these packages in fresh bookworm and trixie (needs root or sudo)
	@tools/test-debs

$(TARGET)/.setup-deb: $(TARGET)/.setup tools/setup
	@tools/setup --deb
	@touch $@

test: setup ## Runs every test; needs no network
	@python3 -m unittest discover -q -s bench
	@python3 -m unittest discover -q -s tools
	$(CARGO) test --locked --workspace

test-postgresql: setup ## Runs the tests of the uploader and of repogen again, with every catalog on PostgreSQL
	@tools/test-postgresql

test-s3: $(TARGET)/.setup ## Runs and replicates archives in buckets of an S3 server from PyPI
	@tools/setup --venv
	@tools/test-s3

test-web: $(TARGET)/.setup ## Looks at the site and the console in chromium: what people do there, what keeps them out (selenium and axe-core from PyPI)
	@tools/setup --venv --web
	$(CARGO) build --locked -p repogen -p uploader --bins
	@tools/test-web

test-archive: $(TARGET)/.setup-archive test-debs ## Real packages on two Debian releases, both dputs, and our own Debian packages, with Debian's archive (needs root or sudo)
	@tools/test-archive
	@tools/test-system
	@tools/test-rootless
	@tools/test-dput

test-rootless: $(TARGET)/.setup-archive ## Does a small job with each of 83 programs that cpkgs installs without root, with user namespaces, followed, and with neither (needs root or sudo)
	@tools/rootless-matrix

test-release-upgrade: $(TARGET)/.setup-archive ## Upgrades a server of bookworm to trixie by cpkgs beside apt-get, from Debian's archive (needs root or sudo)
	@tools/test-release-upgrade

test-apt-suite: $(TARGET)/.setup-archive ## Runs apt's own tests that install or upgrade with cpkgs as its solver, beside apt's own (needs root or sudo)
	@tools/apt-suite

$(TARGET)/.setup-containers: $(TARGET)/.setup tools/setup
	@tools/setup --containers
	@touch $@

test-containers: $(TARGET)/.setup-containers build ## Starts, uses and stops the compose files, with real apt in a container; needs a Docker engine and no registry
	@tools/test-containers

test-chaos: $(TARGET)/.setup-containers build ## Kills, pauses and cuts off machines of an archive in containers while clients upload and apt reads; CHAOS_* set the counts (docs/explanation/torture.md)
	@tools/test-chaos

$(TARGET)/.setup-kubernetes: $(TARGET)/.setup
	@tools/setup --venv
	python3 -m venv $(TARGET)/kubernetes
	$(TARGET)/kubernetes/bin/pip install --quiet kubernetes-validate==1.37.0
	@touch $@

check-kubernetes: $(TARGET)/.setup-kubernetes ## Checks deploy/kubernetes by the schemas of Kubernetes (kubernetes-validate, from PyPI)
	@$(TARGET)/kubernetes/bin/python tools/check-kubernetes

docker-up: ## Runs an uploader and nginx in containers (docs/how-to/containers.md); needs docker
	docker compose up --build --detach --wait

torture: setup ## Tests concurrent readers, kills, stops and full disks for an hour; TORTURE_* set the counts (docs/explanation/torture.md)
	$(CARGO) build --locked --release -p repogen -p archive-tests --bins
	@REPOGEN=$(abspath $(TARGET))/release/repogen $(TARGET)/release/torture

$(TARGET)/.setup-bench: $(TARGET)/.setup
	@tools/setup --bench
	@touch $@

bench: $(TARGET)/.setup-bench ## Measures speed and memory compared with other archive tools, and writes docs/benchmarks/
	$(CARGO) build --locked --release -p repogen -p archive-tests --bins
	@tools/bench

bench-uploads: $(TARGET)/.setup-bench ## Puts load on the uploader for some minutes, and writes docs/benchmarks/uploads.md; LOAD_* set the counts
	$(CARGO) build --locked --release -p repogen -p uploader -p archive-tests --bins
	@REPOGEN=$(abspath $(TARGET))/release/repogen UPLOADER=$(abspath $(TARGET))/release/uploader \
		$(TARGET)/release/bench-uploads >$(TARGET)/uploads.md
	@cp $(TARGET)/uploads.md docs/benchmarks/uploads.md && cat docs/benchmarks/uploads.md

bench-micro: setup ## Measures parsing, chunking and joining by themselves
	$(CARGO) bench --locked -p debian-deb -p archive-index --benches

fuzz: setup ## Fuzzes every parser of foreign bytes, guided by coverage, FUZZ_SECONDS each
	$(CARGO) run --locked -p fuzz -- --seconds $(FUZZ_SECONDS) --target-dir $(TARGET)

$(TARGET)/.setup-api-fuzz: $(TARGET)/.setup
	@tools/setup --api-fuzz
	python3 -m venv $(TARGET)/api-fuzz
	$(TARGET)/api-fuzz/bin/pip install --quiet schemathesis==4.32.0
	@touch $@

api-fuzz: $(TARGET)/.setup-api-fuzz ## Sends the uploader what its API document allows, and much that it does not (schemathesis)
	$(CARGO) build --locked -p repogen -p uploader --bins
	@tools/api-fuzz

fmt: ## Formats the code
	$(CARGO) fmt --all

lint: setup ## Checks format, warnings, doc comments, the fences between the crates, imports, words, and the links of the documents
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --quiet --no-deps --workspace --document-private-items
	@tools/fences
	@tools/unused-dependencies
	@tools/circles --kind files --kind modules $(notdir $(CHECKED_CRATES))
	@tools/words $(CHECKED_TEXTS)
	@tools/check-docs
	@tools/check-alerts

clippy: setup ## Shows all warnings, and fails on none
	$(CARGO) clippy --locked --workspace --all-targets

audit: ## Checks licences and known vulnerabilities of dependencies (needs cargo-deny)
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "audit: install cargo-deny first: cargo install --locked cargo-deny" >&2; exit 1; }
	$(CARGO) deny --all-features check

health: setup ## Reports sizes, names with two meanings, long functions, circles of imports
	@tools/health

clean: ## Removes build output
	$(CARGO) clean
	rm -rf $(TARGET)
