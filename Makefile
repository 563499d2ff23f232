# make demo             the main job, step by step, with the real output of the commands
# make test             everything that is tested; what .ci/run runs
# make install PREFIX=DIR
# make bench            measurements against other programs
# make fuzz             every parser of foreign bytes on made-up input: FUZZ_SECONDS=60 each; see Fuzz/README.md
# make soak             long campaigns with many seeds: SEEDS=1000
# make clean
#
# CONFIGURATION=debug|release chooses how programs are compiled: debug for demo and test, release for install.

SWIFT := $(or $(shell command -v swift),/opt/swift/usr/bin/swift)
PHASE := tools/phase

CONFIGURATION ?= debug
BUILD_OPTIONS  = -c $(CONFIGURATION) --explicit-target-dependency-import-check error
STAGE          = $(CURDIR)/.build/stage
SEEDS         ?= 1000
# Random edits in the campaign of validation.
EDITS         ?= 100000
export FUZZ_SECONDS ?= 60
# Seconds after which tests that hang are ended, with exit status 124.
TEST_LIMIT    ?= 1800
BENCHMARKS    ?= CommitPath \
    bench-cli-parse \
    bench-commit-peers \
    bench-concurrent-commits \
    bench-data-codec \
    bench-migrate \
    bench-netconf-server \
    bench-netsim \
    bench-package-add \
    bench-package-reload \
    bench-packed-tree \
    bench-patterns \
    bench-schema-diff \
    bench-schema-load \
    bench-ssh-server \
    bench-start-up \
    bench-validated-edit

all: build

bootstrap:
	@$(PHASE) bootstrap tools/bootstrap

build: bootstrap
	@$(PHASE) build $(SWIFT) build $(BUILD_OPTIONS)

# An installation in .build that demo and the end-to-end tests use.
stage: build
	@$(PHASE) stage tools/install $(STAGE) .build/$(CONFIGURATION)

test: stage
	@$(PHASE) "build tests" $(SWIFT) build $(BUILD_OPTIONS) --build-tests
	@OPENNED_INSTALLATION=$(STAGE) $(PHASE) test tools/test $(TEST_LIMIT) $(SWIFT) test $(BUILD_OPTIONS) --skip-build

demo: stage
	@$(PHASE) demo tools/demo $(STAGE)

install: CONFIGURATION = release
install: build
	@test -n "$(PREFIX)" || { echo "usage: make install PREFIX=DIR" >&2; exit 2; }
	@$(PHASE) install tools/install "$(PREFIX)" .build/release

# Each is a program of its folder under Benchmarks/, which prints ratios and fails when a bound is missed.
bench: CONFIGURATION = release
bench: stage
	@missed=; for program in $(BENCHMARKS); do \
	    OPENNED_INSTALLATION=$(STAGE) $(PHASE) $$program $(SWIFT) run -c release $$program || \
	        missed="$$missed $$program"; \
	done; test -z "$$missed" || { echo "missed a bound:$$missed" >&2; exit 1; }

soak: stage
	@$(PHASE) "build tests" $(SWIFT) build $(BUILD_OPTIONS) --build-tests
	@OPENNED_INSTALLATION=$(STAGE) OPENNED_SOAK_SEEDS=$(SEEDS) OPENNED_SOAK_EDITS=$(EDITS) $(PHASE) soak \
	    $(SWIFT) test $(BUILD_OPTIONS) --skip-build --filter 'Simulation|Crash|Soak|Serialisability|Validated|PowerCut|DeviceEffect|ConfigDatabaseTests'

fuzz: bootstrap
	@$(PHASE) fuzz tools/fuzz

clean:
	rm -rf .build

.PHONY: all bootstrap build stage test demo install bench soak fuzz clean
