//! Each target reads a program from bytes, two a step: what to do, and to which. It does it to a
//! primitive and to an oracle that a child could check, and compares.
#![cfg(not(selvedge_loom))]

pub mod breaker;
pub mod channel;
pub mod delay;
pub mod order;
pub mod sleep;

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

/// The steps of a program.
fn steps(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    bytes.chunks_exact(2).map(|step| (step[0], usize::from(step[1])))
}

/// Whether a waker was woken. A program runs on one thread, so no order is needed.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// A future that is polled by hand, and knows whether it was woken.
struct Waiting<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    flag: Arc<Flag>,
}

impl<'a, T> Waiting<'a, T> {
    /// What a first poll says, and the rest.
    fn start(future: impl Future<Output = T> + 'a) -> Result<T, Self> {
        Self { future: Box::pin(future), flag: Arc::new(Flag(AtomicBool::new(false))) }.poll()
    }

    fn poll(mut self) -> Result<T, Self> {
        self.flag.0.store(false, Relaxed);
        let waker = Waker::from(self.flag.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(self),
        }
    }

    fn is_woken(&self) -> bool {
        self.flag.0.load(Relaxed)
    }
}
