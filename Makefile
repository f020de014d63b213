# The main commands are `make demo` and `make test`. Each does all of its set-up on a fresh machine.
.DEFAULT_GOAL := help
# Tests and demo share one build, so the tests run the code that users run. After a small change a debug build is faster:
# `swift build --build-tests && swift test --skip-build`.
configuration := -c release
.PHONY: help setup build install uninstall dist wheel demo test lint format bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Fetch libtorch into your cache and link it here (once)
	@Scripts/setup-native

build: setup ## Build the command: .build/release/attune
	@swift build $(configuration) --product attune

# With sudo the build stays the user's: make build && sudo make install
install: $(if $(SUDO_USER),,build) ## Install the command in PREFIX: ~/.local, or /usr/local for root (docs/install.md)
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Scripts/install

uninstall: ## Remove what `make install` put into PREFIX
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Scripts/install --remove

dist: build ## Write an archive that runs from any folder, without Swift or Python
	@Scripts/dist

wheel: build ## Write a Python wheel that uses the libraries of the packages torch and pyarrow
	@Scripts/wheel

demo: setup ## Fine-tune a language model on real tweets and predict (about three minutes after the first build)
	@Scripts/fetch-demo-data
	@swift build $(configuration) --product attune
	@Scripts/demo

test: setup ## Build everything, run every test, the examples, and the commands of the documents
	swift build $(configuration) --build-tests --explicit-target-dependency-import-check error
	swift test $(configuration) --skip-build
# In the same build folder, so that nothing is built twice.
	swift build $(configuration) --package-path Examples --scratch-path .build
	Scripts/check-examples
	Scripts/doc-commands

lint: ## Check formatting and the project's rules
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks Fuzzing Scripts \
		|| { echo 'to fix: make format'; exit 1; }
	@Scripts/check

format: ## Format all Swift sources in place
	@swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks Fuzzing Scripts

bench: setup ## Compare speeds with other programs, and shares of the machine's limit (needs Python libraries)
	@Benchmarks/run --compare --out runs/bench.md
	@Benchmarks/tokenizers

docs: setup ## Render the documents and the documentation of every public symbol as a website
	@swift build $(configuration) --product attune
	@Scripts/doc-site

clean: ## Remove builds and runs; fetched libraries stay in your cache
	@rm -rf .build .build-fuzzing* Examples/.build Benchmarks/TokenizerSpeed/.build runs
