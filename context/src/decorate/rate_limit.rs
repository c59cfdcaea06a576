//! So many in a time.
//!
//! # State
//!
//! One word: the *theoretical arrival time* of the next call that would come exactly at the rate, in
//! nanoseconds (GCRA, the generic cell rate algorithm of ATM's traffic control: ITU-T I.371). A call
//! moves it on by its cost, and may begin once that is not more than a burst ahead of the clock. Nothing
//! else is published by it, so all is Relaxed.

use core::{
    fmt,
    future::Future,
    mem,
    ops::Deref,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::{atomic::AtomicU64, const_in_build, mutant};

use super::{Call, SendCall, Time, decorate, opaque, time::nanos};

/// A rate: so many calls a period, and so many at once.
///
/// In any stretch of time there begin at most `burst + rate * time` calls.
///
/// # Fairness
///
/// A slot is taken when the call is first polled, in that order, whatever the calls cost. Whoever waits
/// for a slot and is dropped gives it back, if nobody has taken a later one by then; else it goes unused,
/// since those behind have been told when to begin.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use selvedge_context::decorate::RateLimit;
///
/// /// Ten a second, two at once.
/// static LIMIT: RateLimit = RateLimit::new(10, Duration::from_secs(1)).burst(2);
///
/// let now = Instant::now();
/// assert!(LIMIT.try_take(now, 2).is_ok());
/// let later = LIMIT.reserve(now, 1).unwrap();
/// assert_eq!(later.wait(now), Duration::from_millis(100));
/// ```
pub struct RateLimit {
    arrival: AtomicU64,
    /// Nanoseconds a call.
    interval: u64,
    /// How far the arrival may be ahead of the clock.
    ahead: u64,
}

impl RateLimit {
    const_in_build! {
        /// `n` calls a `period`, one at a time.
        ///
        /// # Panics
        ///
        /// If `n` is 0, or there are more calls than nanoseconds in the period.
        #[must_use]
        pub fn new(n: u32, period: Duration) -> Self {
            assert!(n > 0, "a rate of 0 lets nobody in");
            let interval = period.as_nanos() / n as u128;
            assert!(interval > 0, "a rate has at most a call a nanosecond");
            assert!(interval < (1 << 50), "a rate has at least a call a week");
            let interval = interval as u64;
            Self { arrival: AtomicU64::new(0), interval, ahead: interval }
        }
    }

    const_in_build! {
        /// Up to `n` at once, after a quiet time.
        ///
        /// # Panics
        ///
        /// If `n` is 0.
        #[must_use]
        pub fn burst(self, n: u32) -> Self {
            assert!(n > 0, "a burst of 0 lets nobody in");
            let Self { arrival, interval, .. } = self;
            Self { arrival, interval, ahead: interval.saturating_mul(n as u64) }
        }
    }

    /// Takes the next slot for a call of this cost, to begin when [it says](Reservation::wait).
    ///
    /// # Errors
    ///
    /// If it costs more than a burst: it could never begin.
    pub fn reserve(&self, now: Instant, cost: u32) -> Result<Reservation<'_>, RateLimited> {
        self.take(nanos(now), cost, u64::MAX)
    }

    /// Takes a slot if it is due.
    ///
    /// # Errors
    ///
    /// Says when one will be; nothing is taken then.
    pub fn try_take(&self, now: Instant, cost: u32) -> Result<(), RateLimited> {
        self.take(nanos(now), cost, 0).map(mem::forget)
    }

    #[inline]
    fn take(&self, now: u64, cost: u32, patience: u64) -> Result<Reservation<'_>, RateLimited> {
        let cost = self.interval.saturating_mul(u64::from(cost));
        if cost > self.ahead {
            return Err(RateLimited { retry_after: None });
        }
        let mut before = self.arrival.load(Relaxed);
        loop {
            let arrival = before.max(now).saturating_add(cost);
            let at = arrival.saturating_sub(self.ahead);
            if at.saturating_sub(now) > patience {
                let retry_after = Duration::from_nanos(at - now);
                return Err(RateLimited { retry_after: Some(retry_after) });
            }
            if mutant!("two calls take one slot") {
                self.arrival.store(arrival, Relaxed);
                return Ok(Reservation { limit: self, before, arrival, at });
            }
            match self.arrival.compare_exchange_weak(before, arrival, Relaxed, Relaxed) {
                Ok(_) => return Ok(Reservation { limit: self, before, arrival, at }),
                Err(other) => before = other,
            }
        }
    }
}

/// A slot that was taken; dropping it gives it back, if it is still the last.
#[must_use = "dropping a slot gives it back"]
#[derive(Debug)]
pub struct Reservation<'a> {
    limit: &'a RateLimit,
    before: u64,
    arrival: u64,
    at: u64,
}

impl Reservation<'_> {
    /// How long to wait for it at `now`.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        Duration::from_nanos(self.at.saturating_sub(nanos(now)))
    }

    /// The call begins: the slot is used.
    pub fn begin(self) {
        mem::forget(self);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let (limit, arrival) = (&self.limit.arrival, self.arrival);
        if mutant!("a slot is given back though a later one was taken") {
            limit.store(self.before, Relaxed);
        }
        // Whoever took a later slot was told when to begin, and counts on this one.
        let _ = limit.compare_exchange(arrival, self.before, Relaxed, Relaxed);
    }
}

/// The limiter does not let a call in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimited {
    retry_after: Option<Duration>,
}

impl RateLimited {
    /// After how long there will be a slot; `None` if never: the call costs more than a burst.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.retry_after {
            Some(after) => write!(f, "the rate limit is reached, try again in {after:?}"),
            None => f.write_str("the call costs more than the rate limit ever gives at once"),
        }
    }
}

impl core::error::Error for RateLimited {}

/// See [`Op::rate_limit`](super::Op::rate_limit).
#[derive(Clone, Copy)]
pub struct Throttled<C, L, T> {
    pub(super) inner: C,
    pub(super) limit: L,
    pub(super) time: T,
}

decorate! {
    [R, E, L, T] Throttled<C, L, T>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<RateLimited>,
        L: Deref<Target = RateLimit>,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<RateLimited> + Send,
        L: Deref<Target = RateLimit> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        let (call, time) = (inner(args), me.time.clone());
        Throttling { call, limit: &me.limit, time, turn: ThrottlingTurn::New }
    }
}

pin_project! {
    /// A call that waits for its slot.
    #[must_use = "futures do nothing unless polled"]
    pub struct Throttling<'a, F, T: Time> {
        #[pin]
        call: F,
        limit: &'a RateLimit,
        time: T,
        #[pin]
        turn: ThrottlingTurn<'a, T::Sleep>,
    }
}

pin_project! {
    #[project = TurnProj]
    enum ThrottlingTurn<'a, S> {
        New,
        Waits { #[pin] sleep: S, slot: Option<Reservation<'a>> },
        Begun,
    }
}

impl<R, E, F, T> Future for Throttling<'_, F, T>
where
    F: Future<Output = Result<R, E>>,
    E: From<RateLimited>,
    T: Time,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let mut this = self.project();
        loop {
            match this.turn.as_mut().project() {
                TurnProj::Begun => return this.call.poll(cx),
                TurnProj::Waits { sleep, slot } => {
                    if sleep.poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    if let Some(slot) = slot.take() {
                        slot.begin();
                    }
                    this.turn.set(ThrottlingTurn::Begun);
                }
                TurnProj::New => {
                    let now = nanos(this.time.now());
                    let slot = match this.limit.take(now, 1, u64::MAX) {
                        Ok(slot) => slot,
                        Err(limited) => return Poll::Ready(Err(limited.into())),
                    };
                    let wait = slot.at.saturating_sub(now);
                    if wait == 0 {
                        slot.begin();
                        this.turn.set(ThrottlingTurn::Begun);
                    } else {
                        let sleep = this.time.sleep(Duration::from_nanos(wait));
                        let slot = Some(slot);
                        this.turn.set(ThrottlingTurn::Waits { sleep, slot });
                    }
                }
            }
        }
    }
}

impl<F, T: Time> fmt::Debug for Throttling<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttling").finish_non_exhaustive()
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("interval", &Duration::from_nanos(self.interval))
            .field("burst", &(self.ahead / self.interval))
            .finish_non_exhaustive()
    }
}

opaque! { Throttled<C, L, T> }
