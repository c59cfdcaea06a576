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
    ops::Deref,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::{Peek, atomic::AtomicU64, const_in_build, mutant};

use super::{Ambient, Call, SendCall, Time, decorate, opaque, ticks};
use crate::raw::seldom::Seldom;

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
    pub fn reserve(&self, now: Instant, cost: u32) -> Result<Reservation<&Self>, RateLimited> {
        let slot = self.take(ticks(now), self.price(cost)?, u64::MAX)?;
        Ok(Reservation { limit: self, slot: Some(slot) })
    }

    /// Takes a slot if it is due.
    ///
    /// # Errors
    ///
    /// Says when one will be; nothing is taken then.
    #[inline]
    pub fn try_take(&self, now: Instant, cost: u32) -> Result<(), RateLimited> {
        self.take(ticks(now), self.price(cost)?, 0).map(drop)
    }

    /// Waits for a slot, then for `future`: the call of [`Op::rate_limit`](super::Op::rate_limit), of a
    /// future that is there already. Time is the ambient one.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it gives its slot back if nobody has taken a later one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_context::decorate::RateLimit;
    ///
    /// static LIMIT: RateLimit = RateLimit::new(10, Duration::from_secs(1)).burst(2);
    ///
    /// # pollster::block_on(async {
    /// assert_eq!(LIMIT.run(async { "weft" }).await, "weft");
    /// # });
    /// ```
    pub fn run<F: Future>(&self, future: F) -> Pacing<&Self, F, Ambient> {
        self.run_on(Ambient, future)
    }

    /// As [`run`](Self::run), with the time of `time`.
    ///
    /// # Cancel safety
    ///
    /// As for [`run`](Self::run).
    pub fn run_on<T: Time, F: Future>(&self, time: T, future: F) -> Pacing<&Self, F, T> {
        Pacing::new(self, time, future)
    }

    /// Another one, as this was when it was new.
    #[cfg(feature = "rate_limit_by")]
    pub(super) fn fresh(&self) -> Self {
        let Self { interval, ahead, .. } = *self;
        Self { arrival: AtomicU64::new(0), interval, ahead }
    }

    /// Whether it is as good as new at `now`.
    #[cfg(feature = "rate_limit_by")]
    pub(super) fn is_rested(&self, now: u64) -> bool {
        self.arrival.peek() <= now
    }

    /// What a call of this cost moves the arrival on by.
    #[inline]
    pub(super) fn price(&self, cost: u32) -> Result<u64, RateLimited> {
        let price = self.interval.saturating_mul(u64::from(cost));
        if price > self.ahead { Err(RateLimited { retry_after: None }) } else { Ok(price) }
    }

    #[inline]
    pub(super) fn take(&self, now: u64, price: u64, patience: u64) -> Result<Slot, RateLimited> {
        let mut before = self.arrival.peek();
        loop {
            let arrival = before.max(now).saturating_add(price);
            let at = arrival.saturating_sub(self.ahead);
            if at.saturating_sub(now) > patience {
                let retry_after = Duration::from_nanos(at - now);
                return Err(RateLimited { retry_after: Some(retry_after) });
            }
            if mutant!("two calls take one slot") {
                self.arrival.store(arrival, Relaxed);
                return Ok(Slot { before, arrival, at });
            }
            match self.arrival.compare_exchange_weak(before, arrival, Relaxed, Relaxed) {
                Ok(_) => return Ok(Slot { before, arrival, at }),
                Err(other) => before = other,
            }
        }
    }

    /// Gives a slot back, if it is still the last.
    fn give_back(&self, slot: Slot) {
        let Slot { before, arrival, .. } = slot;
        if mutant!("a slot is given back though a later one was taken") {
            self.arrival.store(before, Relaxed);
        }
        // Whoever took a later slot was told when to begin, and counts on this one.
        let _ = self.arrival.compare_exchange(arrival, before, Relaxed, Relaxed);
    }
}

/// What was taken: where the arrival was and is, and from when on the call may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    before: u64,
    arrival: u64,
    at: u64,
}

/// A slot of a [`RateLimit`] that was taken; dropping it gives it back, if it is still the last.
#[must_use = "dropping a slot gives it back"]
#[derive(Debug)]
pub struct Reservation<L: Deref<Target = RateLimit>> {
    pub(super) limit: L,
    /// Until the call begins.
    pub(super) slot: Option<Slot>,
}

impl<L: Deref<Target = RateLimit>> Reservation<L> {
    /// How long to wait for it at `now`.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        let at = self.slot.map_or(0, |slot| slot.at);
        Duration::from_nanos(at.saturating_sub(ticks(now)))
    }

    /// The call begins: the slot is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use selvedge_context::decorate::RateLimit;
    ///
    /// // For a loop that has a clock of its own, and waits by it.
    /// let limit = RateLimit::new(1, Duration::from_secs(1));
    /// let now = Instant::now();
    /// limit.reserve(now, 1)?.begin();
    ///
    /// let given_up = limit.reserve(now, 1)?;
    /// assert_eq!(given_up.wait(now), Duration::from_secs(1));
    /// drop(given_up);
    /// // What was given up is there again, what was begun is not.
    /// assert_eq!(limit.reserve(now, 1)?.wait(now), Duration::from_secs(1));
    /// # Ok::<(), selvedge_context::decorate::RateLimited>(())
    /// ```
    pub fn begin(mut self) {
        self.slot = None;
    }
}

impl<L: Deref<Target = RateLimit>> Drop for Reservation<L> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            self.limit.give_back(slot);
        }
    }
}

/// The limiter does not let a call in: [`RateLimit::try_take`] says when it will.
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
pub struct Paced<C, L, T> {
    pub(super) inner: C,
    pub(super) limit: L,
    pub(super) time: T,
}

decorate! {
    [L, T] Paced<C, L, T>;
    call: [C: Call<Args>, L: Deref<Target = RateLimit>, T: Time];
    send_call: [
        C: SendCall<Args>,
        Args: Send,
        L: Deref<Target = RateLimit> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> C::Output {
        me.limit.run_on(me.time.clone(), inner(args))
    }
}

pin_project! {
    /// A call that waits for its slot, of a [`RateLimit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Pacing<L, F, T>
    where
        L: Deref<Target = RateLimit>,
        T: Time,
    {
        limit: L,
        time: T,
        #[pin]
        turn: Turn<T::Sleep>,
        #[pin]
        call: F,
    }

    impl<L, F, T> PinnedDrop for Pacing<L, F, T>
    where
        L: Deref<Target = RateLimit>,
        T: Time,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let TurnProj::Waits { slot, .. } = this.turn.project() {
                this.limit.give_back(*slot);
            }
        }
    }
}

pin_project! {
    #[project = TurnProj]
    enum Turn<S> {
        New,
        Waits { #[pin] sleep: Seldom<S>, slot: Slot },
        Begun,
    }
}

impl<L, F, T> Pacing<L, F, T>
where
    L: Deref<Target = RateLimit>,
    T: Time,
{
    #[inline]
    pub(super) fn new(limit: L, time: T, call: F) -> Self {
        Self { limit, time, turn: Turn::New, call }
    }

    /// Takes a slot, and waits for it if need be.
    #[inline]
    fn poll_turn(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let now = this.time.ticks();
        // It costs one interval, and a burst has at least that.
        let slot = this.limit.take(now, this.limit.interval, u64::MAX);
        let Ok(slot) = slot else { unreachable!("whoever is patient gets a slot") };
        let mut turn = this.turn;
        if slot.at <= now {
            turn.set(Turn::Begun);
            return Poll::Ready(());
        }
        let sleep = this.time.sleep(Duration::from_nanos(slot.at - now));
        turn.set(Turn::Waits { sleep: Seldom::new(sleep), slot });
        wait(turn, cx)
    }
}

/// Sleeps until the slot.
#[cold]
fn wait<S: Future>(mut turn: Pin<&mut Turn<S>>, cx: &mut Context<'_>) -> Poll<()> {
    if let TurnProj::Waits { sleep, .. } = turn.as_mut().project() {
        core::task::ready!(sleep.poll(cx));
    }
    turn.set(Turn::Begun);
    Poll::Ready(())
}

impl<L, F, T> Future for Pacing<L, F, T>
where
    L: Deref<Target = RateLimit>,
    F: Future,
    T: Time,
{
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.as_mut().project().turn.as_mut().project() {
            TurnProj::Begun => {}
            TurnProj::New => core::task::ready!(self.as_mut().poll_turn(cx)),
            TurnProj::Waits { .. } => core::task::ready!(wait(self.as_mut().project().turn, cx)),
        }
        self.project().call.poll(cx)
    }
}

impl<L, F, T> fmt::Debug for Pacing<L, F, T>
where
    L: Deref<Target = RateLimit>,
    T: Time,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacing").finish_non_exhaustive()
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

opaque! { Paced<C, L, T> }
