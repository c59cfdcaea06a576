//! Panics of other people's code, as values.
//!
//! In a model nothing is caught: a panic there is the model's own failure, and has to reach it.

use alloc::boxed::Box;
use core::{
    any::Any,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

/// What a panic carries.
pub type Payload = Box<dyn Any + Send>;

/// Runs `f`; if it panics, what it panicked with.
///
/// # Errors
///
/// The panic.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    if cfg!(selvedge_loom) {
        return Ok(f());
    }
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(f))
}

/// Runs `f`, and drops what it panics with: for destructors.
pub fn swallow(f: impl FnOnce()) {
    if let Err(payload) = catch(f) {
        // Dropping a payload may panic in its turn.
        if let Err(second) = catch(|| drop(payload)) {
            core::mem::forget(second);
        }
    }
}

pin_project! {
    /// A future whose panic is its output.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Catch<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Catch<F> {
    /// Wraps `future`. It is not to be polled again after it panicked.
    pub fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Catch<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch(|| self.project().future.poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
