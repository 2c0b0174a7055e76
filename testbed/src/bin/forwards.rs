//! Prints `docs/forwards.md`: `make forwards`.

#![expect(clippy::print_stdout, reason = "it prints a document")]

fn main() {
    print!("{}", testbed::mail::layout::catalogue::document());
}
