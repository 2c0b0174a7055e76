//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    bound_the_heap();
    uketsuke::cli::main(std::env::args_os())
}

/// Freed memory goes back to the system, but for a spare at the end of the heap. By default glibc gives every thread an arena of its own and
/// keeps in them what large mails once needed. More spare and fewer mapped blocks are faster and larger: of 4,000 mails with glibc 2.36,
/// 128 KiB and none took 4.8 s of CPU, 256 KiB and 2 MiB 4.0 s and 1 MB more, 1 MiB and 4 MiB 3.7 s and 5 MB more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bound_the_heap() {
    const ARENAS: libc::c_int = 2;
    const MAPPED_FROM_BYTES: libc::c_int = 256 * 1024;
    const SPARE_BYTES: libc::c_int = 2 * 1024 * 1024;
    #[expect(unsafe_code, reason = "mallopt only stores its values; no other thread runs yet")]
    // SAFETY: called first in `main`, before any thread is started, with values that mallopt(3) allows.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, SPARE_BYTES);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
const fn bound_the_heap() {}
