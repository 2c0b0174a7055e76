# What people and machines run. `make lint test` is what CI runs.

CARGO ?= cargo

.PHONY: help lint test bench demo corpus forwards fuzz

help:
	@echo 'make lint    formatting, clippy and rustdoc; a warning is an error'
	@echo 'make test    all tests, with a real Dovecot and a real Postfix (installs them by apt if it may)'
	@echo 'make bench   how fast a full mailbox is drained, how soon a new mail is judged, and how fast the desk reads beside mail-parser; PYTHON=a Python with imap_tools adds a neighbour'
	@echo 'make demo    a day at the desk on loopback, no network needed'
	@echo 'make corpus  writes the generated mails of tests/corpus again'
	@echo 'make fuzz    each fuzz target for SECONDS (60); needs cargo-fuzz (cargo install cargo-fuzz) and a C++ compiler'
	@echo 'make forwards writes docs/forwards.md from the tables of labels and separators'

lint:
	@$(CARGO) fmt --version >/dev/null || { echo 'make lint needs rustfmt: rustup component add rustfmt, or the package that your cargo came with' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null || { echo 'make lint needs clippy: rustup component add clippy, or the package that your cargo came with' >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --workspace --locked

test:
	scripts/install-test-servers
	$(CARGO) test --workspace --locked --no-fail-fast

bench:
	$(CARGO) bench --locked --bench desk
	$(CARGO) bench --locked --bench allocations
	$(CARGO) bench --locked --bench drain
	$(CARGO) bench --locked --bench watch

demo:
	$(CARGO) run --locked --release --example demo

corpus:
	$(CARGO) run --locked -p testbed --bin corpus -- tests/corpus

# Without a sanitizer, so that a stable toolchain will do: the code under test has no `unsafe`.
SECONDS ?= 60
TARGETS ?= mail inline html charset archive outlook tnef pdf

fuzz:
	@$(CARGO) fuzz --version >/dev/null || { echo 'make fuzz needs cargo-fuzz: cargo install cargo-fuzz --locked' >&2; exit 1; }
	$(CARGO) run --locked -p testbed --bin seeds -- fuzz/corpus
	set -e; for target in $(TARGETS); do \
	    $(CARGO) fuzz run --sanitizer none $$target -- -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1; \
	done

forwards:
	$(CARGO) run --locked -p testbed --bin forwards > docs/forwards.md
