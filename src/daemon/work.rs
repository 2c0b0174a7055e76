//! Work on mails' bytes, done where it costs least.
//!
//! Promises: the runtime's threads are never held for longer than a usual mail takes. Rejected: another thread for everything; to wake it
//! and to be woken takes longer than to read a mail that comes alone.

use crate::store::StoreError;

/// So much takes some tens of microseconds. Bytes.
const QUICK: usize = 16 * 1024;

/// Does work on so many bytes: at once where they are few, else in a thread for such work.
///
/// # Errors
/// [`StoreError::Row`] where the work panicked in its thread.
pub async fn on_bytes<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    if bytes <= QUICK {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Row(format!("a thread for mails' bytes failed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn little_is_done_here_and_much_elsewhere() {
        let here = std::thread::current().id();
        assert_eq!(on_bytes(QUICK, || std::thread::current().id()).await.unwrap(), here);
        assert_ne!(on_bytes(QUICK + 1, || std::thread::current().id()).await.unwrap(), here);
        let failed = on_bytes(QUICK + 1, || panic!("no")).await.unwrap_err();
        assert!(failed.to_string().contains("a thread for mails' bytes failed"), "{failed}");
    }
}
