//! Where a decorator takes its time from.

use core::{fmt, future::Future, time::Duration};
#[cfg(any(feature = "breaker", feature = "rate_limit"))]
use std::sync::OnceLock;
use std::time::Instant;

use selvedge_timer::{Current, Sleep, Timer};

/// A source of time for decorators.
pub trait Time: Clone {
    /// Waits.
    type Sleep: Future<Output = ()>;

    /// What time it is.
    fn now(&self) -> Instant;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}

/// The timer that is current where the call is polled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ambient;

/// A timer that was named ([`Op::on`](super::Op::on)).
#[derive(Clone, Copy)]
pub struct On<T>(pub(super) T);

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

/// An instant as a number. Those before the first that was asked for are 0.
#[cfg(any(feature = "breaker", feature = "rate_limit"))]
#[inline]
pub(super) fn nanos(at: Instant) -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    let since = at.saturating_duration_since(*EPOCH.get_or_init(|| at));
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
