//! A tick every so often.
//!
//! The deadline of the sleep inside is that of the next tick. What a late tick does to those after
//! it is decided when it is taken, by how late that is.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::time::Instant;

use crate::{
    Current, Sleep, Timer,
    raw::timer::{after, never},
    sleep_until_on,
};

/// Ticks that are taken so late are on time still: no timer is exact, and one that is a little late
/// each time must not fall behind. A whole period is never on time.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks at once, and then every `period`.
///
/// # Panics
///
/// If `period` is zero, or as [`sleep`](crate::sleep()).
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let mut beat = selvedge_timer::interval(Duration::from_millis(2));
/// for _ in 0..3 {
///     beat.tick().await;
/// }
/// assert!(start.elapsed() >= Duration::from_millis(4));
/// # });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_on(Current::get(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
///
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    interval_at_on(Current::get(), start, period)
}

/// As [`interval`], by a timer of the caller's choice, borrowed or kept.
///
/// # Panics
///
/// If `period` is zero.
#[track_caller]
pub fn interval_on<T: Timer>(timer: T, period: Duration) -> Interval<T> {
    let start = timer.now();
    interval_at_on(timer, start, period)
}

/// As [`interval_at`], by a timer of the caller's choice, borrowed or kept.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_timer::{Timer, VirtualClock, interval_at_on};
///
/// let (clock, hour) = (VirtualClock::new(), Duration::from_secs(3600));
/// let mut strikes = interval_at_on(&clock, clock.now() + hour, hour);
/// let noon = pollster::block_on(clock.auto_advance(async {
///     for _ in 0..12 {
///         strikes.tick().await;
///     }
///     clock.now()
/// }));
/// assert_eq!(noon, clock.now());
/// ```
#[track_caller]
pub fn interval_at_on<T: Timer>(timer: T, start: Instant, period: Duration) -> Interval<T> {
    assert!(!period.is_zero(), "the period of an interval must not be zero");
    let sleep = sleep_until_on(timer, start);
    Interval { sleep, period, behavior: MissedTickBehavior::default() }
}

/// What happens to the ticks after one that was taken late.
///
/// With a period of 10 and one tick taken 25 late, at 45:
///
/// | behaviour | due at                    | ticks at              |
/// |-----------|---------------------------|-----------------------|
/// | `Burst`   | 0, 10, 20, 30, 40, 50     | 0, 10, 45, 45, 45, 50 |
/// | `Delay`   | 0, 10, 20, 55, 65         | 0, 10, 45, 55, 65     |
/// | `Skip`    | 0, 10, 20, 50, 60         | 0, 10, 45, 50, 60     |
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::Duration;
///
/// use selvedge_timer::{MissedTickBehavior, Timer, VirtualClock, interval_on};
///
/// let (clock, second) = (VirtualClock::new(), Duration::from_secs(1));
/// let start = clock.now();
/// let mut beat = interval_on(&clock, 10 * second);
/// beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
/// beat.tick().await;
/// clock.advance(25 * second); // busy
/// assert_eq!(beat.tick().await - start, 10 * second, "late");
/// assert_eq!(clock.auto_advance(beat.tick()).await - start, 30 * second, "20 is left out");
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks as fast as they are taken, until all that were missed are made up for.
    #[default]
    Burst,
    /// Ticks a period after the late one was taken, and so on.
    Delay,
    /// Leaves out those that were missed, and ticks when it would have without them.
    Skip,
}

impl MissedTickBehavior {
    /// When the tick after that of `due` comes, which was taken at `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.saturating_duration_since(due);
        if late < period && late <= TOLERANCE {
            return after(due, period);
        }
        match self {
            Self::Burst => after(due, period),
            Self::Delay => after(now, period),
            Self::Skip => {
                let over = late.as_nanos() % period.as_nanos();
                // Less than `period`, which is a `Duration`.
                let over = Duration::new(
                    u64::try_from(over / 1_000_000_000).unwrap_or(u64::MAX),
                    (over % 1_000_000_000) as u32,
                );
                after(now, period - over)
            }
        }
    }
}

/// A tick every so often ([`interval`] and its like).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_timer::{MissedTickBehavior, Timer, VirtualClock, interval_on};
///
/// let clock = VirtualClock::new();
/// let start = clock.now();
/// let minute = Duration::from_secs(60);
/// pollster::block_on(clock.auto_advance(async {
///     let mut beat = interval_on(&clock, minute);
///     beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
///     assert_eq!(beat.tick().await, start);
///     // The machine was suspended for an hour and a half.
///     clock.advance(Duration::from_secs(5400) + minute / 2);
///     assert_eq!(beat.tick().await, start + minute, "this one was missed");
///     assert_eq!(beat.tick().await, start + 91 * minute);
/// }));
/// ```
#[must_use = "an interval ticks only when it is asked to"]
pub struct Interval<T: Timer = Current> {
    sleep: Sleep<T>,
    period: Duration,
    behavior: MissedTickBehavior,
}

impl<T: Timer> Interval<T> {
    /// Waits for the next tick; when it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the tick is there for the next call.
    pub fn tick(&mut self) -> Tick<'_, T> {
        Tick { interval: self }
    }

    /// As [`tick`](Self::tick), for one that polls by hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{task::{Context, Waker}, time::Duration};
    ///
    /// use selvedge_timer::{Timer, VirtualClock, interval_at_on};
    ///
    /// let clock = VirtualClock::new();
    /// let start = clock.now() + Duration::from_secs(1);
    /// let mut ticks = interval_at_on(&clock, start, Duration::from_secs(1));
    /// let cx = &mut Context::from_waker(Waker::noop());
    /// assert!(ticks.poll_tick(cx).is_pending());
    /// clock.advance(Duration::from_secs(1));
    /// assert!(ticks.poll_tick(cx).is_ready());
    /// ```
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let due = self.sleep.deadline();
        let next = self.behavior.next(due, self.sleep.timer().now(), self.period);
        self.reset_at(next);
        Poll::Ready(due)
    }

    /// The time between ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Ticks a period from now, and then every period.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Ticks at once, and then every period.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// Ticks `duration` from now, and then every period.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::time::Duration;
    ///
    /// use selvedge_timer::{MissedTickBehavior, VirtualClock, interval_on};
    ///
    /// const SECOND: Duration = Duration::from_secs(1);
    ///
    /// let clock = VirtualClock::new();
    /// clock
    ///     .auto_advance(async {
    ///         let mut ticks = interval_on(&clock, SECOND);
    ///         assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
    ///         let start = ticks.tick().await;
    ///         ticks.reset_after(10 * SECOND);
    ///         assert_eq!(ticks.tick().await, start + 10 * SECOND);
    ///         ticks.reset_at(start + 15 * SECOND);
    ///         assert_eq!(ticks.tick().await, start + 15 * SECOND);
    ///         ticks.reset_immediately();
    ///         assert_eq!(ticks.tick().await, start + 15 * SECOND);
    ///     })
    ///     .await;
    /// # });
    /// ```
    pub fn reset_after(&mut self, duration: Duration) {
        self.reset_at(after(self.sleep.timer().now(), duration));
    }

    /// Ticks at `deadline`, and then every period. [`never`](crate::never()) stops it.
    pub fn reset_at(&mut self, deadline: Instant) {
        Pin::new(&mut self.sleep).reset(deadline);
    }

    /// What happens after a late tick.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.behavior
    }

    /// Sets what happens after a late tick.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.behavior = behavior;
    }
}

#[cfg(feature = "stream")]
impl<T: Timer> futures_core::Stream for Interval<T> {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl<T: Timer> fmt::Debug for Interval<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = Some(self.sleep.deadline()).filter(|next| *next < never());
        f.debug_struct("Interval")
            .field("next", &next)
            .field("period", &self.period)
            .field("missed_tick_behavior", &self.behavior)
            .finish_non_exhaustive()
    }
}

/// The future of [`Interval::tick`].
#[must_use = "futures do nothing unless polled"]
pub struct Tick<'a, T: Timer = Current> {
    interval: &'a mut Interval<T>,
}

impl<T: Timer> Future for Tick<'_, T> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(cx)
    }
}

impl<T: Timer> fmt::Debug for Tick<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tick").field("interval", &self.interval).finish()
    }
}
