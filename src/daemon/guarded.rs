//! A part runs in a task of its own, so that its panic is its own.

/// Runs a part; a panic ends the part, not the office. A part that is cut off lets go of everything it holds.
pub async fn guarded(part: impl Future<Output = ()> + Send + 'static) {
    let mut part = Owned(tokio::spawn(part));
    if let Err(error) = (&mut part.0).await
        && error.is_panic()
    {
        tracing::error!("A part of the office panicked; please report the message above.");
    }
}

/// A task that ends with its owner.
struct Owned(tokio::task::JoinHandle<()>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_part_that_is_cut_off_lets_go_of_what_it_holds() {
        let (held, let_go) = tokio::sync::oneshot::channel::<()>();
        let mut tasks = JoinSet::new();
        let (began, begun) = tokio::sync::oneshot::channel();
        tasks.spawn(guarded(async move {
            let _held = held;
            began.send(()).expect("the test waits");
            std::future::pending::<()>().await;
        }));
        begun.await.expect("begun");
        tasks.abort_all();
        let ended = tokio::time::timeout(Duration::from_secs(10), let_go).await.expect("in time");
        assert!(ended.is_err(), "the sender was dropped with its part");
    }

    #[tokio::test]
    async fn a_panic_ends_the_part_alone() {
        tokio::time::timeout(Duration::from_secs(10), guarded(async { panic!("a part of a test") })).await.expect("in time");
    }
}
