//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    uketsuke::cli::main(std::env::args_os())
}
