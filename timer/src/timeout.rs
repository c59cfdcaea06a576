//! A deadline for a future.
//!
//! The inner future is polled first, so a result that is there is never thrown away for a deadline
//! that has passed.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;

use crate::{Sleep, Timer, sleep, sleep_on, sleep_until};

/// Waits for `future`, for at most `duration`. `Duration::MAX` is for ever.
///
/// `future` is polled at least once, and wins if it is ready. When the time is over it is dropped
/// before the error is seen.
///
/// # Cancel safety
///
/// Dropping the timeout drops `future`, and loses what dropping that one loses.
///
/// # Errors
///
/// The future ends with [`Elapsed`] when the time is over.
///
/// # Panics
///
/// The future panics if polled after completion, or if the timer's thread cannot be started.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{future::pending, time::Duration};
///
/// use selvedge_timer::{Elapsed, timeout};
///
/// assert_eq!(timeout(Duration::from_millis(1), pending::<()>()).await, Err(Elapsed));
/// assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
/// # });
/// ```
#[doc(alias = "asyncio.timeout")]
#[doc(alias = "asyncio.wait_for")]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep(duration) }
}

/// Waits for `future`, until `deadline` at the latest.
///
/// # Cancel safety
///
/// As for [`timeout`].
///
/// # Errors
///
/// As for [`timeout`].
///
/// # Panics
///
/// As for [`timeout`].
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{future::pending, time::{Duration, Instant}};
///
/// use selvedge_timer::{Elapsed, timeout_at};
///
/// // Two steps that share one deadline.
/// let deadline = Instant::now() + Duration::from_millis(2);
/// assert_eq!(timeout_at(deadline, async { "warp" }).await, Ok("warp"));
/// assert_eq!(timeout_at(deadline, pending::<()>()).await, Err(Elapsed));
/// # });
/// ```
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep_until(deadline) }
}

/// As [`timeout`], by a timer of the caller's choice: see the example of [`Timer`].
///
/// # Cancel safety
///
/// As for [`timeout`].
///
/// # Errors
///
/// As for [`timeout`].
///
/// # Panics
///
/// As for [`timeout`].
pub fn timeout_on<F: Future>(
    timer: Arc<dyn Timer + Send + Sync>,
    duration: Duration,
    future: F,
) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep_on(timer, duration) }
}

pin_project! {
    /// The future of [`timeout`] and its like.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{future::ready, time::Duration};
    ///
    /// use selvedge_timer::timeout;
    ///
    /// let mut limited = timeout(Duration::from_secs(1), ready(1));
    /// assert!(limited.get_ref().is_some());
    /// *limited.get_mut().unwrap() = ready(2);
    /// // On second thoughts, without a limit.
    /// let unlimited = limited.into_inner().unwrap();
    /// assert_eq!(pollster::block_on(unlimited), 2);
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: Option<F>,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future inside; `None` once it has ended.
    #[must_use]
    pub fn get_ref(&self) -> Option<&F> {
        self.future.as_ref()
    }

    /// The future inside; `None` once it has ended.
    pub fn get_mut(&mut self) -> Option<&mut F> {
        self.future.as_mut()
    }

    /// The future inside, without a deadline; `None` once it has ended.
    pub fn into_inner(self) -> Option<F> {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("polled after completion");
        if let Poll::Ready(output) = future.poll(cx) {
            this.future.set(None);
            this.sleep.forget();
            return Poll::Ready(Ok(output));
        }
        if Pin::new(this.sleep).poll(cx).is_ready() {
            this.future.set(None);
            return Poll::Ready(Err(Elapsed));
        }
        Poll::Pending
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

/// The time was over before the future was ready.
///
/// # Examples
///
/// ```
/// assert_eq!(selvedge_timer::Elapsed.to_string(), "the deadline has elapsed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has elapsed")
    }
}

impl core::error::Error for Elapsed {}
