# Build, test and try Swiftlet. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CONFIGURATION ?= release

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install the Debian packages that the build, the tests and the demo need
	@deploy/install-deps.sh

.PHONY: build
build: deps ## build the three executables (release)
	swift build -c release

.PHONY: test
test: deps ## build and run every test (as root)
	@deploy/run-tests.sh

.PHONY: lint
lint: ## check the formatting
	swift format lint --strict -r Sources Tests Package.swift

.PHONY: format
format: ## format the sources in place
	swift format -i -r Sources Tests Package.swift

.PHONY: demo
demo: build ## run the main job and show each command
	@deploy/demo.sh

.PHONY: bench
bench: build ## measure against containerd, runc and crun in one run
	@Benchmarks/run.sh

.PHONY: bench-oci
bench-oci: deps ## measure swiftlet-oci against crun, runc and a floor in C
	swift build -c release --product swiftlet-oci
	@Benchmarks/oci/run.sh

.PHONY: bench-core
bench-core: build ## measure the runtime core against containerd: starts, shims, logs
	@Benchmarks/core.sh
