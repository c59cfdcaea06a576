//! Sleeping until an instant.
//!
//! A [`Sleep`] knows its deadline from the start, and registers it at its first `Pending`. The
//! clock is read in each poll, so that a task which is polled late is not put to sleep again, and
//! one that is polled early does not wake.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::time::Instant;

use alloc::sync::Arc;

use crate::raw::timer::{self, Key, Shared, Timer, TimerError};

/// Waits for `duration`; never for less. `Duration::MAX` is never.
///
/// # Cancel safety
///
/// Dropping the future forgets the deadline, and wakes nobody.
///
/// # Panics
///
/// The future panics if the timer's thread cannot be started; [`sleep_on`] takes another timer. The
/// call panics if the feature `thread` is off and no timer was [entered](crate::enter).
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// selvedge_timer::sleep(Duration::from_millis(5)).await;
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # });
/// ```
#[doc(alias = "asyncio.sleep")]
pub fn sleep(duration: Duration) -> Sleep {
    after(timer::current(), duration)
}

/// Waits until `deadline`; not at all if that has passed.
///
/// # Cancel safety
///
/// As for [`sleep`].
///
/// # Panics
///
/// As for [`sleep`].
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::{Duration, Instant};
///
/// // Every two milliseconds from the start, however long the work takes.
/// let start = Instant::now();
/// for beat in 1..=3 {
///     let at = start + beat * Duration::from_millis(2);
///     selvedge_timer::sleep_until(at).await;
///     assert!(Instant::now() >= at);
/// }
/// # });
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(timer::current(), Some(deadline))
}

/// As [`sleep`], by a timer of the caller's choice: see the example of [`Timer`].
///
/// # Cancel safety
///
/// As for [`sleep`].
pub fn sleep_on(timer: Arc<dyn Timer + Send + Sync>, duration: Duration) -> Sleep {
    after(timer, duration)
}

/// As [`sleep_until`], by a timer of the caller's choice: see the example of [`Timer`].
///
/// # Cancel safety
///
/// As for [`sleep`].
pub fn sleep_until_on(timer: Arc<dyn Timer + Send + Sync>, deadline: Instant) -> Sleep {
    Sleep::new(timer, Some(deadline))
}

fn after(timer: Shared, duration: Duration) -> Sleep {
    let deadline = timer.now().checked_add(duration);
    Sleep::new(timer, deadline)
}

/// The future of [`sleep`] and its like.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{pin::pin, time::{Duration, Instant}};
///
/// use selvedge_timer::sleep;
///
/// // Never, so far.
/// let mut rest = pin!(sleep(Duration::MAX));
/// assert_eq!(rest.deadline(), None);
///
/// let at = Instant::now() + Duration::from_millis(1);
/// rest.as_mut().reset(at);
/// assert_eq!(rest.deadline(), Some(at));
/// rest.as_mut().await;
/// assert!(rest.is_elapsed());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    timer: Shared,
    /// `None` is never.
    deadline: Option<Instant>,
    /// What the timer knows of it: nothing while the deadline is never.
    key: Option<Key>,
    /// Who waits. Kept while the deadline is never too, for `reset` to register.
    waker: Option<Waker>,
}

impl Sleep {
    fn new(timer: Shared, deadline: Option<Instant>) -> Self {
        Self { timer, deadline, key: None, waker: None }
    }

    /// When it ends; `None` if never.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether its deadline has passed.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.deadline.is_some_and(|at| at <= self.timer.now())
    }

    /// Moves the deadline, earlier or later; a sleep that has ended can be used again.
    ///
    /// A task that waits is woken at the new deadline, without another poll.
    ///
    /// # Panics
    ///
    /// If a task waits and the timer's thread cannot be started.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = Some(deadline);
        this.register();
    }

    /// Tells the timer of the deadline and of who waits.
    fn register(&mut self) {
        let (Some(at), Some(waker)) = (self.deadline, &self.waker) else { return };
        let done = match &mut self.key {
            Some(key) => self.timer.update(key, at, waker),
            None => self.timer.register(at, waker).map(|key| self.key = Some(key)),
        };
        if let Err(error) = done {
            stopped(error);
        }
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.timer.cancel(key);
        }
        self.waker = None;
    }
}

#[cold]
fn stopped(error: TimerError) -> ! {
    panic!("cannot sleep: {error}")
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.is_elapsed() {
            this.forget();
            return Poll::Ready(());
        }
        let is_known = this.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !is_known {
            this.waker = Some(cx.waker().clone());
        }
        if !is_known || this.key.is_none() {
            this.register();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
