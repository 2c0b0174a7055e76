//! Writes the golden corpus: `cargo run -p testbed --bin corpus -- DIR`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: corpus DIR (for the repository: tests/corpus)");
        return ExitCode::from(2);
    };
    match testbed::mail::corpus::write(Path::new(&folder)) {
        Ok(count) => {
            println!("{count} mails written below {}", Path::new(&folder).display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the corpus cannot be written below {}: {error}; name a folder that you may write to", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}
