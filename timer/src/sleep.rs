//! Sleeping until an instant.
//!
//! A [`Sleep`] registers its deadline at its first `Pending`. From then on each poll reads the
//! clock, so that a task which is polled late is not put to sleep again, and one that is polled
//! early does not wake. The first poll leaves that to the timer, which knows without a look at the
//! clock that an earlier deadline is still to come: reading it takes as long as all the rest.
//!
//! | `state`      | what it means                                          | next                |
//! |--------------|--------------------------------------------------------|---------------------|
//! | `Idle`       | the timer knows nothing of it                          | `Registered`        |
//! | `Registered` | the timer wakes the task that was `Known`, or has woken it | `Ended`, or `Idle` |
//! | `Ended`      | the deadline has come; polled again, it is ready again | `Idle`, by `reset`  |

use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    ptr,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::time::Instant;

use selvedge_sync::raw::shim::{doomed, mutant};

use crate::raw::timer::{Current, Key, Timer, TimerError, after, has_come};

/// Waits for `duration`; never for less. `Duration::MAX` is [never](crate::never()).
///
/// # Cancel safety
///
/// Dropping the future forgets the deadline, and wakes nobody.
///
/// # Panics
///
/// The future panics if the timer's thread cannot be started; [`sleep_on`] takes another timer. The
/// call panics if the feature `thread` is off and no timer was [entered](Timer::enter).
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
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    sleep_on(Current::get(), duration)
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
#[inline]
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    sleep_until_on(Current::get(), deadline)
}

/// As [`sleep`], by a timer of the caller's choice, borrowed or kept.
///
/// # Cancel safety
///
/// As for [`sleep`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use selvedge_timer::{Timer, VirtualClock, sleep_on};
///
/// let clock = VirtualClock::new();
/// let start = clock.now();
/// let hour = Duration::from_secs(3600);
/// pollster::block_on(clock.auto_advance(sleep_on(&clock, hour)));
/// assert_eq!(clock.now() - start, hour);
/// ```
pub fn sleep_on<T: Timer>(timer: T, duration: Duration) -> Sleep<T> {
    let deadline = after(timer.now(), duration);
    let mut sleep = sleep_until_on(timer, deadline);
    if duration.is_zero() {
        sleep.state = State::Ended;
    }
    sleep
}

/// As [`sleep_until`], by a timer of the caller's choice, borrowed or kept.
///
/// # Cancel safety
///
/// As for [`sleep`].
#[inline]
pub fn sleep_until_on<T: Timer>(timer: T, deadline: Instant) -> Sleep<T> {
    Sleep { timer, deadline, state: State::Idle }
}

/// The future of [`sleep`] and its like.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{pin::pin, time::{Duration, Instant}};
///
/// use selvedge_timer::{never, sleep};
///
/// let mut rest = pin!(sleep(Duration::MAX));
/// assert_eq!(rest.deadline(), never());
///
/// let at = Instant::now() + Duration::from_millis(1);
/// rest.as_mut().reset(at);
/// assert_eq!(rest.deadline(), at);
/// rest.as_mut().await;
/// assert!(rest.is_elapsed());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Sleep<T: Timer = Current> {
    timer: T,
    deadline: Instant,
    state: State,
}

enum State {
    Idle,
    Registered(Key, Known),
    Ended,
}

/// Which waker the timer has: its two pointers, to be compared and never followed. The timer keeps
/// it alive until it wakes it, so nothing else has the same.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known(usize, usize);

impl Known {
    /// As no waker is known.
    const NOBODY: Self = Self(0, 0);

    #[inline]
    fn of(waker: &Waker) -> Self {
        Self(waker.data() as usize, ptr::from_ref(waker.vtable()) as usize)
    }
}

/// Nothing is pinned in it.
impl<T: Timer> Unpin for Sleep<T> {}

impl<T: Timer> Sleep<T> {
    /// When it ends; [`never`](crate::never()) if never.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether its deadline has passed.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Ended) || has_come(self.deadline, self.timer.now())
    }

    /// The timer that it goes by.
    #[cfg(any(
        feature = "interval",
        feature = "delay_queue",
        feature = "stream_throttle",
        feature = "stream_debounce",
        feature = "chunks_timeout"
    ))]
    pub(crate) fn timer(&self) -> &T {
        &self.timer
    }

    /// Moves the deadline, earlier, later or to [`never`](crate::never()); a sleep that has ended can be used
    /// again.
    ///
    /// A task that waits is woken at the new deadline, without another poll.
    ///
    /// # Panics
    ///
    /// If a task waits and the timer cannot run.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = deadline;
        match &mut this.state {
            State::Idle => {}
            State::Ended => this.state = State::Idle,
            State::Registered(key, known) => {
                // If it has been woken for the old deadline, the next poll registers it.
                *known = Known::NOBODY;
                if let Err(error) = this.timer.update(key, deadline, None) {
                    stopped(error);
                }
            }
        }
    }

    /// Nothing is known to the timer any more.
    #[inline]
    pub(crate) fn forget(&mut self) {
        if let State::Registered(key, _) = mem::replace(&mut self.state, State::Idle) {
            if !mutant!("a sleep that goes stays registered") {
                self.timer.cancel(key);
            }
        }
    }

    fn end(&mut self) -> Poll<()> {
        self.forget();
        self.state = State::Ended;
        Poll::Ready(())
    }

    #[inline]
    fn poll_first(&mut self, waker: &Waker) -> Poll<()> {
        match self.timer.register(self.deadline, waker) {
            Ok(key) => {
                let has_passed = key.has_passed();
                self.state = State::Registered(key, Known::of(waker));
                if has_passed { self.end() } else { Poll::Pending }
            }
            Err(error) => stopped(error),
        }
    }

    fn poll_again(&mut self, waker: &Waker) -> Poll<()> {
        if self.timer.has_forgotten(self.deadline) {
            self.state = State::Ended;
            return Poll::Ready(());
        }
        if has_come(self.deadline, self.timer.now()) {
            return self.end();
        }
        if self.timer.has_stopped() {
            stopped(TimerError);
        }
        if let State::Registered(key, known) = &mut self.state {
            if *known != Known::of(waker) && !mutant!("a sleep keeps its first waker") {
                // First, so that a panic of either leaves a sleep that registers again.
                *known = Known::NOBODY;
                if let Err(error) = self.timer.update(key, self.deadline, Some(waker)) {
                    stopped(error);
                }
                *known = Known::of(waker);
            }
        }
        Poll::Pending
    }
}

#[cold]
fn stopped(error: TimerError) -> ! {
    panic!("cannot sleep: {error}")
}

impl<T: Timer> Future for Sleep<T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        match this.state {
            State::Idle => this.poll_first(cx.waker()),
            State::Registered(..) => this.poll_again(cx.waker()),
            State::Ended => Poll::Ready(()),
        }
    }
}

impl<T: Timer> Drop for Sleep<T> {
    #[inline]
    fn drop(&mut self) {
        if !doomed() {
            self.forget();
        }
    }
}

impl<T: Timer> fmt::Debug for Sleep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
