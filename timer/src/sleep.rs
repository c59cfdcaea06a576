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
/// The future panics if the timer's thread cannot be started. [`sleep_on`] takes another timer.
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
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(timer::current(), Some(deadline))
}

/// As [`sleep`], by a timer of the caller's choice.
///
/// # Cancel safety
///
/// As for [`sleep`].
pub fn sleep_on(timer: Arc<dyn Timer + Send + Sync>, duration: Duration) -> Sleep {
    after(timer, duration)
}

/// As [`sleep_until`], by a timer of the caller's choice.
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
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    timer: Shared,
    /// `None` is never.
    deadline: Option<Instant>,
    registered: Option<(Key, Waker)>,
}

impl Sleep {
    fn new(timer: Shared, deadline: Option<Instant>) -> Self {
        Self { timer, deadline, registered: None }
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
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.get_mut().move_to(Some(deadline));
    }

    pub(crate) fn move_to(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
        match (deadline, self.registered.take()) {
            (Some(at), Some((mut key, waker))) => match self.timer.update(&mut key, at, &waker) {
                Ok(()) => self.registered = Some((key, waker)),
                Err(error) => stopped(error),
            },
            (None, Some((key, _))) => self.timer.cancel(key),
            (_, None) => {}
        }
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
            if let Some((key, _)) = this.registered.take() {
                this.timer.cancel(key);
            }
            return Poll::Ready(());
        }
        let Some(at) = this.deadline else { return Poll::Pending };
        let done = match &mut this.registered {
            Some((_, waker)) if waker.will_wake(cx.waker()) => Ok(()),
            Some((key, waker)) => this.timer.update(key, at, cx.waker()).map(|()| {
                *waker = cx.waker().clone();
            }),
            None => this.timer.register(at, cx.waker()).map(|key| {
                this.registered = Some((key, cx.waker().clone()));
            }),
        };
        if let Err(error) = done {
            stopped(error);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((key, _)) = self.registered.take() {
            self.timer.cancel(key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
