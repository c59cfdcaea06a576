//! Giving up a wait when something else comes first.
//!
//! # State
//!
//! Two futures: what is waited for, and what ends the wait.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

/// Gives up any wait at a deadline, which is any future: a timer's, a signal, a shutdown.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::{DeadlineExt, Expired, Latch, Mutex};
///
/// let shutdown = Latch::new(1);
/// let mutex = Mutex::new(0);
/// let held = mutex.lock().until(shutdown.wait()).await?;
/// shutdown.count_down();
/// assert_eq!(mutex.lock().until(shutdown.wait()).await.unwrap_err(), Expired);
/// # drop(held);
/// # Ok::<(), Expired>(())
/// # }).unwrap();
/// ```
pub trait DeadlineExt: Future + Sized {
    /// Waits for this, but no longer than for `deadline`.
    ///
    /// If both are ready, this wins. It is dropped as soon as the deadline has come: a place in
    /// line or a turn that was granted is given up before anybody sees the error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops both. What that loses is said where this comes from.
    ///
    /// # Errors
    ///
    /// The future ends with [`Expired`] if the deadline came first.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[doc(alias = "timeout")]
    fn until<D: Future>(self, deadline: D) -> Until<Self, D> {
        Until { waiting: Some(self), deadline }
    }
}

impl<F: Future> DeadlineExt for F {}

pin_project! {
    /// The future of [`DeadlineExt::until`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Until<F, D> {
        #[pin]
        waiting: Option<F>,
        #[pin]
        deadline: D,
    }
}

impl<F: Future, D: Future> Future for Until<F, D> {
    type Output = Result<F::Output, Expired>;

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(waiting) = this.waiting.as_mut().as_pin_mut() else {
            panic!("a future was polled after completion")
        };
        if let Poll::Ready(output) = waiting.poll(cx) {
            this.waiting.set(None);
            return Poll::Ready(Ok(output));
        }
        if this.deadline.poll(cx).is_ready() {
            this.waiting.set(None);
            return Poll::Ready(Err(Expired));
        }
        Poll::Pending
    }
}

/// The deadline came first ([`DeadlineExt::until`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired;

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline came first")
    }
}

impl core::error::Error for Expired {}

impl<F, D> fmt::Debug for Until<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").finish_non_exhaustive()
    }
}
