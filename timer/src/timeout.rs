//! A deadline for a future.
//!
//! The inner future is polled first, so a result that is there is never thrown away for a deadline
//! that has passed.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

use crate::{Current, Sleep, Timer, sleep_on, sleep_until_on};

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
#[track_caller]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    timeout_on(Current::get(), duration, future)
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
#[track_caller]
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    timeout_at_on(Current::get(), deadline, future)
}

/// As [`timeout`], by a timer of the caller's choice, borrowed or kept.
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
pub fn timeout_on<T: Timer, F: Future>(timer: T, duration: Duration, future: F) -> Timeout<F, T> {
    Timeout { future: Some(future), sleep: sleep_on(timer, duration) }
}

/// As [`timeout_at`], by a timer of the caller's choice, borrowed or kept.
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
/// use std::{future::pending, time::Duration};
///
/// use selvedge_timer::{Timer, VirtualClock, sleep_until_on, timeout_at_on};
///
/// let clock = VirtualClock::new();
/// let at = clock.now() + Duration::from_secs(60);
/// let late = clock.auto_advance(timeout_at_on(&clock, at, pending::<()>())).await;
/// assert!(late.is_err());
/// sleep_until_on(&clock, at).await; // it is over
/// # });
/// ```
pub fn timeout_at_on<T: Timer, F: Future>(timer: T, deadline: Instant, future: F) -> Timeout<F, T> {
    Timeout { future: Some(future), sleep: sleep_until_on(timer, deadline) }
}

pin_project! {
    /// The future of [`timeout`] and its like.
    ///
    /// Nested timeouts with one deadline: only one of them is reported, by the inner timeout. Its
    /// error is the result of the outer one's future, and a result that is there is not thrown
    /// away for a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{future::ready, time::Duration};
    ///
    /// use selvedge_timer::timeout;
    ///
    /// let mut limited = timeout(Duration::from_secs(1), ready(1));
    /// *limited.get_mut() = ready(2);
    /// // On second thoughts, without a limit.
    /// assert_eq!(pollster::block_on(limited.into_inner()), 2);
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F, T = Current>
    where
        T: Timer,
    {
        #[pin]
        future: Option<F>,
        sleep: Sleep<T>,
    }
}

const ENDED: &str = "the future of a timeout is dropped when it ends";

impl<F, T: Timer> Timeout<F, T> {
    /// The future inside.
    ///
    /// # Panics
    ///
    /// If the timeout has ended: that drops the future.
    #[must_use]
    #[track_caller]
    pub fn get_ref(&self) -> &F {
        self.future.as_ref().expect(ENDED)
    }

    /// The future inside.
    ///
    /// # Panics
    ///
    /// As [`get_ref`](Self::get_ref).
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut F {
        self.future.as_mut().expect(ENDED)
    }

    /// The future inside, without a deadline.
    ///
    /// # Panics
    ///
    /// As [`get_ref`](Self::get_ref).
    #[track_caller]
    pub fn into_inner(self) -> F {
        self.future.expect(ENDED)
    }
}

impl<F: Future, T: Timer> Future for Timeout<F, T> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("polled after completion");
        if mutant!("a timeout looks at the clock first") && this.sleep.is_elapsed() {
            this.future.set(None);
            return Poll::Ready(Err(Elapsed));
        }
        if let Poll::Ready(output) = future.poll(cx) {
            // What the timer knows goes first: whatever the future's drop does, it is gone.
            this.sleep.forget();
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        if Pin::new(this.sleep).poll(cx).is_ready() {
            this.future.set(None);
            return Poll::Ready(Err(Elapsed));
        }
        Poll::Pending
    }
}

impl<F, T: Timer> fmt::Debug for Timeout<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

/// The time was over before the future was ready.
///
/// # Examples
///
/// ```
/// assert_eq!(selvedge_timer::Elapsed.to_string(), "deadline has elapsed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl core::error::Error for Elapsed {}
