# The commands that people use; `.ci/run` runs the same ones.

# Lists the recipes.
default:
    @just --list

# Builds the host and its plugins: target/release/accord, and target/release/plugins beside it.
build:
    cargo build --release --package accord --package accord-fixtures

# Runs the demo: fixture APIs of all connectors on loopback TLS, the real accord, and what one person has everywhere.
demo:
    cargo demo

# Measures what syncs cost, against fixture servers in their own processes. A benchmark: it asserts nothing.
bench *ARGUMENTS: bench-build
    target/release/bench {{ARGUMENTS}}

# The same, and fails where a promised figure is passed (BENCHMARKS.md).
bench-check *ARGUMENTS: bench-build
    target/release/bench --check {{ARGUMENTS}}

[private]
bench-build:
    cargo build --release --package accord --package accord-fixtures --package accord-c1z --bins --example floor

# Runs every test.
test:
    cargo test --workspace

# Puts the tables of configuration, permissions, resources and egress into the READMEs of the connectors.
readmes:
    ACCORD_UPDATE_READMES=1 cargo test --package accord --test it readmes

# Format and lints, as CI wants them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- --deny warnings

# Licences, advisories and bans of the dependencies (needs cargo-deny).
deny:
    cargo deny check

# Prints a c1z file as canonical text, one line a row.
dump FILE:
    cargo run --quiet --package accord-c1z --example dump -- {{FILE}}

# Everything that CI runs.
ci:
    .ci/run
