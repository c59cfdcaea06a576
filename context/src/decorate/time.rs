//! Where a decorator takes its time from.

use core::{fmt, future::Future, time::Duration};
use std::{sync::OnceLock, time::Instant};

use selvedge_timer::{Current, Sleep, Timer};

/// A source of time for decorators.
///
/// # Examples
///
/// ```
/// use std::{
///     future::{Ready, ready},
///     time::{Duration, Instant},
/// };
///
/// use selvedge_context::decorate::{Backoff, Retry, Time, retry_on};
///
/// /// For a test that asks how often, and not when.
/// #[derive(Clone)]
/// struct NoWait(Instant);
///
/// impl Time for NoWait {
///     type Sleep = Ready<()>;
///
///     fn now(&self) -> Instant {
///         self.0
///     }
///
///     fn sleep(&self, _: Duration) -> Ready<()> {
///         ready(())
///     }
/// }
///
/// let mut calls = 0;
/// let policy = Retry::new(Backoff::constant(Duration::from_secs(60)).attempts(5));
/// let failed = retry_on(NoWait(Instant::now()), policy, || {
///     calls += 1;
///     ready(Err::<(), _>("no route"))
/// });
/// assert_eq!(pollster::block_on(failed), Err("no route"));
/// assert_eq!(calls, 5);
/// ```
pub trait Time: Clone {
    /// Waits.
    type Sleep: Future<Output = ()>;

    /// What time it is.
    fn now(&self) -> Instant;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Self::Sleep;

    /// What time it is as a number, in nanoseconds: what [`ticks`] makes of [`now`](Self::now), which
    /// a source may have for less.
    #[inline]
    fn ticks(&self) -> u64 {
        ticks(self.now())
    }
}

/// The timer that is current where the call is polled: what a chain has that names no other by
/// [`Op::on`](super::Op::on).
#[derive(Clone, Copy, Debug, Default)]
pub struct Ambient;

/// A timer that was named ([`Op::on`](super::Op::on)), as a source of time.
#[derive(Clone, Copy)]
pub struct On<T>(pub T);

impl Time for Ambient {
    type Sleep = Sleep;

    #[inline]
    fn now(&self) -> Instant {
        Current::get().now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Sleep {
        selvedge_timer::sleep(duration)
    }
}

impl<T: Timer + Clone> Time for On<T> {
    type Sleep = Sleep<T>;

    #[inline]
    fn now(&self) -> Instant {
        self.0.now()
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Sleep<T> {
        selvedge_timer::sleep_on(self.0.clone(), duration)
    }
}

impl<T> fmt::Debug for On<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("On(..)")
    }
}

/// The moment that is [`START`], the first that was asked for.
static EPOCH: OnceLock<Instant> = OnceLock::new();

/// In the middle, so that a clock may well be somewhat behind the first that was asked.
const START: u64 = 1 << 62;

/// An instant as a number of nanoseconds, which atomics can hold: good for comparing with others, and
/// never 0.
///
/// # Examples
///
/// ```
/// use std::{sync::atomic::{AtomicU64, Ordering::Relaxed}, time::{Duration, Instant}};
///
/// use selvedge_context::decorate::ticks;
///
/// let now = Instant::now();
/// let last = AtomicU64::new(ticks(now));
/// assert_eq!(ticks(now + Duration::from_micros(3)) - last.load(Relaxed), 3000);
/// ```
#[inline]
#[must_use]
pub fn ticks(at: Instant) -> u64 {
    let epoch = match EPOCH.get() {
        Some(epoch) => epoch,
        None => begin(at),
    };
    match at.checked_duration_since(*epoch) {
        Some(since) => START + nanos(since),
        None => before(at, *epoch),
    }
}

/// As a number. Centuries do not fit.
#[inline]
fn nanos(duration: Duration) -> u64 {
    duration.as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(duration.subsec_nanos()))
}

#[cold]
fn before(at: Instant, epoch: Instant) -> u64 {
    START.saturating_sub(nanos(epoch.saturating_duration_since(at))).max(1)
}

#[cold]
fn begin(at: Instant) -> &'static Instant {
    EPOCH.get_or_init(|| at)
}

/// The counter of the processor (crate `quanta`), for those who read the time often: a rate limit,
/// a breaker that watches for slow calls. It is aligned with [`Instant`], and drifts from it by parts
/// in a million, so a state is to be used with one source alone.
///
/// Sleeps are those of the source that it wraps.
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Quanta, RateLimit, op};
///
/// static LIMIT: RateLimit = RateLimit::new(1000, Duration::from_secs(1)).burst(10);
///
/// let double = op(async |n: u32| 2 * n).with_time(Quanta::new()).rate_limit(&LIMIT);
/// assert_eq!(pollster::block_on(double.call(4)), 8);
/// ```
#[cfg(all(feature = "quanta", not(selvedge_loom)))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Quanta<T = Ambient>(T);

#[cfg(all(feature = "quanta", not(selvedge_loom)))]
mod counter {
    use super::{Ambient, Duration, EPOCH, Instant, OnceLock, Quanta, START, Time, ticks};

    /// The clock, and what it read at a moment of which the ticks are known.
    struct Counter {
        clock: quanta::Clock,
        raw: u64,
        ticks: u64,
    }

    static COUNTER: OnceLock<Counter> = OnceLock::new();

    #[cold]
    fn start() -> &'static Counter {
        COUNTER.get_or_init(|| {
            // The first takes a while: it compares the counter with the system's clock.
            let clock = quanta::Clock::new();
            let (now, raw) = (Instant::now(), clock.raw());
            Counter { clock, raw, ticks: ticks(now) }
        })
    }

    impl Quanta {
        /// With the sleeps of the timer that is current.
        #[must_use]
        pub const fn new() -> Self {
            Self(Ambient)
        }
    }

    impl<T: Time> Quanta<T> {
        /// With the sleeps of `time`.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::Duration;
        ///
        /// use selvedge_context::decorate::{Backoff, On, Quanta, Retry, op};
        /// use selvedge_timer::VirtualClock;
        ///
        /// // Reads of the clock by the counter, sleeps by a timer that is told, not found.
        /// let clock = VirtualClock::new();
        /// let flaky = op(async |_page: u32| Err::<(), _>("no route"))
        ///     .with_time(Quanta::sleeping(On(clock.clone())))
        ///     .retry(Retry::new(Backoff::constant(Duration::from_secs(3600)).attempts(3)));
        /// assert_eq!(pollster::block_on(clock.auto_advance(flaky.call(7))), Err("no route"));
        /// ```
        pub const fn sleeping(time: T) -> Self {
            Self(time)
        }
    }

    impl<T: Time> Time for Quanta<T> {
        type Sleep = T::Sleep;

        fn now(&self) -> Instant {
            let ticks = self.ticks();
            let epoch = EPOCH.get().expect("the counter was started after it");
            *epoch + Duration::from_nanos(ticks.saturating_sub(START))
        }

        #[inline]
        fn sleep(&self, duration: Duration) -> T::Sleep {
            self.0.sleep(duration)
        }

        #[inline]
        fn ticks(&self) -> u64 {
            let counter = match COUNTER.get() {
                Some(counter) => counter,
                None => start(),
            };
            counter.ticks + counter.clock.delta_as_nanos(counter.raw, counter.clock.raw())
        }
    }
}
