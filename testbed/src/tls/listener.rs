//! A loopback port, a thread that serves it, and its end.
//!
//! Promises: the port is the operating system's choice, connections are bounded, and when the handle is dropped the thread is joined:
//! no session outlives its test. The server has its own runtime, so a test that blocks or pauses its clock does not stop it.
//! Rejected: tasks on the caller's runtime; a synchronous client in a `#[tokio::test]` would then wait for a server that cannot run.

use std::future::Future;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::must;

/// The handle; dropping it ends every session.
pub(crate) struct Listener {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Serves each connection with `serve`, which also gets the connection's number, counted from 1.
    /// Above `at_most` open connections a new one is closed at once.
    pub(crate) fn start<Serve, Session>(name: &str, at_most: usize, serve: Serve) -> Self
    where
        Serve: Fn(TcpStream, usize) -> Session + Send + 'static,
        Session: Future<Output = ()> + Send + 'static,
    {
        let socket = must(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), "a loopback port");
        must(socket.set_nonblocking(true), "a non-blocking port");
        let port = must(socket.local_addr(), "the port's number").port();
        let runtime = must(tokio::runtime::Builder::new_current_thread().enable_all().build(), "a runtime");
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(async move {
                let listener = must(TcpListener::from_std(socket), "a listener");
                accept(listener, at_most, serve, stopped).await;
            });
        };
        let thread = must(std::thread::Builder::new().name(name.to_owned()).spawn(work), "a server's thread");
        Self { port, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Sessions only ever wait inside awaits, so the thread is at its end as soon as it sees the stop.
            let _ = thread.join();
        }
    }
}

async fn accept<Serve, Session>(listener: TcpListener, at_most: usize, serve: Serve, mut stopped: oneshot::Receiver<()>)
where
    Serve: Fn(TcpStream, usize) -> Session,
    Session: Future<Output = ()> + Send + 'static,
{
    let mut sessions = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if still_open(&mut sessions) < at_most => {
                    number += 1;
                    // Without this a reply of several writes waits for the client's delayed acknowledgement.
                    let _ = stream.set_nodelay(true);
                    sessions.spawn(serve(stream, number));
                }
                Ok(_) => {}
                // Out of file descriptors: the next attempt must not spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

/// Sessions that have not ended. One that has ended holds its place in the set until it is taken out, which may be after its
/// client has come again.
fn still_open(sessions: &mut JoinSet<()>) -> usize {
    while sessions.try_join_next().is_some() {}
    sessions.len()
}
