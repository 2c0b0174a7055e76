# What people and machines run. `make lint test` is what CI runs.

CARGO ?= cargo
# The fuzz targets are built by scripts/fuzz: they need a C++ compiler.
PARTS := --workspace --exclude uketsuke-fuzz

.PHONY: help lint test test-servers bench demo corpus forwards fuzz

help:
	@echo 'make lint    formatting, clippy and rustdoc; a warning is an error'
	@echo 'make test    all tests, with a real Dovecot and a real Postfix (installs them by apt if it may), and 5 seconds of each fuzz target'
	@echo 'make test-servers  the suite for IMAP servers, with Courier and Cyrus, too (unpacks them; needs root)'
	@echo 'make bench   how fast a full mailbox is drained, how soon a new mail is judged, and how fast the desk reads beside mail-parser; PYTHON=a Python with imap_tools adds a neighbour'
	@echo 'make demo    a day at the desk on loopback, no network needed'
	@echo 'make corpus  writes the generated mails of tests/corpus again'
	@echo 'make fuzz    each fuzz target (or TARGETS) for SECONDS (60); needs a C++ compiler'
	@echo 'make forwards writes docs/forwards.md from the tables of labels and separators'

lint:
	@$(CARGO) fmt --version >/dev/null || { echo 'make lint needs rustfmt: rustup component add rustfmt, or the package that your cargo came with' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null || { echo 'make lint needs clippy: rustup component add clippy, or the package that your cargo came with' >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PARTS) --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps $(PARTS) --locked

test:
	scripts/install-test-servers
	$(CARGO) test $(PARTS) --locked --no-fail-fast
	scripts/fuzz 5

# Beside Dovecot, pymap and the scripted server: Courier and Cyrus, unpacked into root folders below target/. Needs root.
test-servers:
	scripts/install-test-servers more
	$(CARGO) test --locked --features test-servers --test imap_servers

bench:
	$(CARGO) bench --locked --bench desk
	$(CARGO) bench --locked --bench allocations
	$(CARGO) bench --locked --bench drain
	$(CARGO) bench --locked --bench watch

demo:
	$(CARGO) run --locked --release --example demo

corpus:
	$(CARGO) run --locked -p testbed --bin corpus -- tests/corpus

SECONDS ?= 60
TARGETS ?=

fuzz:
	scripts/fuzz $(SECONDS) $(TARGETS)

forwards:
	$(CARGO) run --locked -p testbed --bin forwards > docs/forwards.md
