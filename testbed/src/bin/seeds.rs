//! Writes a folder of well-formed files for each fuzz target: `scripts/fuzz`.

use std::fs;
use std::io;
use std::path::Path;

use testbed::mail::seeds::seeds;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("usage: seeds DIR"));
    };
    for seed in seeds() {
        let folder = Path::new(&folder).join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(&seed.name), &seed.bytes)?;
    }
    Ok(())
}
