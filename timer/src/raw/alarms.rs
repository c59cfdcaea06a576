//! Wakers, each with a deadline, that tasks set and one driver wakes.
//!
//! Invariants:
//! 1. `until` is the earliest deadline that the driver knows of while it sleeps, and 0 while it does
//!    not: then it looks once more before it does. It may sleep longer, until others are due too.
//! 2. Whoever sets an earlier alarm than `until` wakes the driver, after the lock.
//! 3. What was due at `latest` has been collected, or will be before the driver sleeps.
//! 4. Wakers are cloned before the lock is taken, and woken or dropped after it.
//! 5. The lock is brief: every operation takes it for some twenty nanoseconds. Sweeping the wheel,
//!    and taking a slot of it apart, is longer, and is a share of a hundred operations or more.
//! 6. Once they are stopped no alarm is set, and `until` is as late as can be: whoever sets one
//!    finds out without a look of its own.

use alloc::vec::Vec;
use core::{fmt, mem, task::Waker, time::Duration};
use std::time::Instant;

use selvedge_sync::raw::{
    shim::{Brief, mutant},
    wakers::Wake,
};

use super::{
    driver,
    timer::{Key, TimerError, never},
    wheel::{Due, Wheel},
};

/// How many alarms leave the lock at a time, or the whole of a slot if that is more.
const BATCH: usize = if cfg!(selvedge_loom) { 1 } else { 64 };

/// A driver that is so late, in nanoseconds, that a deadline which has passed meanwhile may be taken
/// for one to come. It is woken as soon as the driver runs.
const SURE: u64 = 250_000_000;

/// Alarms, from a time on that is their zero.
pub struct Alarms {
    zero: Instant,
    state: Brief<State>,
}

struct State {
    wheel: Wheel<Waker>,
    /// A time that has come.
    latest: u64,
    until: u64,
    /// What is not due before is surely still to come, without a look at the clock.
    sure: u64,
    /// Wakes the driver, while it sleeps.
    driver: Option<Waker>,
    /// Whether nobody wakes anybody any more.
    stopped: bool,
}

impl State {
    /// Whom to wake so that the driver sees an alarm at `at`.
    #[inline]
    fn call(&mut self, at: u64) -> Wake {
        if at >= self.until || mutant!("an earlier alarm wakes nobody") {
            return Wake::NOBODY;
        }
        self.until = at;
        Wake(self.driver.take())
    }
}

impl Alarms {
    /// None yet.
    pub fn new(zero: Instant) -> Self {
        let (wheel, driver) = (Wheel::new(), None);
        let state = State { wheel, latest: 0, until: 0, sure: SURE, driver, stopped: false };
        Self { zero, state: Brief::new(state) }
    }

    #[inline]
    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.zero);
        let whole = since.as_secs().checked_mul(1_000_000_000);
        whole.and_then(|whole| whole.checked_add(since.subsec_nanos().into())).unwrap_or(u64::MAX)
    }

    /// How many there are.
    pub fn waiting(&self) -> usize {
        self.state.with(|state| state.wheel.waiting())
    }

    /// A time that has come, at least: for a driver that tells the time by it.
    pub fn latest(&self) -> Instant {
        self.zero + Duration::from_nanos(self.state.with(|state| state.latest))
    }

    /// Wakes `waker` at `at`, which the driver is to see; at once if that has passed.
    ///
    /// `clock` is read only if the alarm is earlier than all others, or soon.
    ///
    /// # Errors
    ///
    /// If they were stopped.
    #[inline]
    pub fn register(
        &self,
        at: Instant,
        waker: &Waker,
        clock: impl FnOnce() -> Instant,
    ) -> Result<Key, TimerError> {
        let at = self.nanos(at);
        let waker = waker.clone();
        let first = self.state.with(|state| {
            if at <= state.latest || at < state.until || at < state.sure {
                return Err(waker);
            }
            Ok(Key::new(state.wheel.insert(at, waker).into()))
        });
        match first {
            Ok(key) => Ok(key),
            Err(waker) => self.register_first(at, waker, self.nanos(clock())),
        }
    }

    /// For an alarm that is the earliest, is soon, or has passed.
    #[cold]
    fn register_first(&self, at: u64, waker: Waker, now: u64) -> Result<Key, TimerError> {
        let (key, wake) = self
            .state
            .with(|state| {
                if state.stopped {
                    return Err(waker);
                }
                Ok(Self::set_first(state, at, waker, now))
            })
            .map_err(|_| TimerError)?;
        wake.wake();
        Ok(key)
    }

    fn set_first(state: &mut State, at: u64, waker: Waker, now: u64) -> (Key, Wake) {
        if at <= now.max(state.latest) {
            return (Key::passed(state.wheel.insert_fired().into()), Wake(Some(waker)));
        }
        let entry = state.wheel.insert(at, waker);
        if at < state.until {
            // The driver is to look now.
            state.sure = now.saturating_add(SURE);
        }
        (Key::new(entry.into()), state.call(at))
    }

    /// Moves an alarm to `at`, and wakes `waker` there, whether another was woken before or not.
    /// Without one, the alarm keeps what it has.
    ///
    /// # Errors
    ///
    /// If they were stopped.
    ///
    /// # Panics
    ///
    /// If `key` is another timer's.
    pub fn update(&self, key: &Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        let (at, entry) = (self.nanos(at), key.entry());
        let fresh = waker.cloned();
        let (spare, wake, ended) = self.state.with(|state| {
            if state.stopped {
                return (fresh, Wake::NOBODY, Err(TimerError));
            }
            let (spare, wake) = Self::move_to(state, entry, at, fresh);
            (spare, wake, Ok(()))
        });
        // The waker is dropped whatever the other one does.
        wake.wake();
        drop(spare);
        ended
    }

    fn move_to(
        state: &mut State,
        entry: u32,
        at: u64,
        fresh: Option<Waker>,
    ) -> (Option<Waker>, Wake) {
        let before = state.wheel.take(entry);
        if mutant!("an alarm that was woken cannot be moved") && before.is_none() {
            return (fresh, Wake::NOBODY);
        }
        let (waker, spare) = if fresh.is_some() { (fresh, before) } else { (before, None) };
        let Some(waker) = waker else { return (spare, Wake::NOBODY) };
        if at <= state.latest {
            return (spare, Wake(Some(waker)));
        }
        state.wheel.set(entry, at, waker);
        (spare, state.call(at))
    }

    /// Forgets an alarm.
    #[inline]
    pub fn cancel(&self, key: &Key) {
        drop(self.state.with(|state| state.wheel.remove(key.entry())));
    }

    /// Collects what is due at `now`, for the driver. If that is nothing, leaves `driver` to be
    /// woken by an earlier alarm, and says when it is to look again.
    pub fn collect(
        &self,
        now: Instant,
        driver: &mut Option<Waker>,
        due: &mut Vec<Due<Waker>>,
    ) -> Option<Instant> {
        let now = self.nanos(now);
        // RACE: 1. The driver looks for the earliest alarm. 2. A task sets an earlier one, and sees
        //       no driver asleep. 3. The driver sleeps until the later one. So it looks, and says
        //       that it sleeps, in one go; a wake-up before it does ends its sleep at once.
        self.state.with(|state| {
            state.latest = state.latest.max(now);
            while due.len() < BATCH && state.wheel.collect(now, due) {}
            state.sure = state.latest.saturating_add(SURE);
            if !due.is_empty() {
                state.until = 0;
                return None;
            }
            mem::swap(&mut state.driver, driver);
            state.until = state.wheel.earliest().unwrap_or(u64::MAX);
            let look = state.wheel.next_look();
            if let Some(look) = look {
                state.sure = look.saturating_add(SURE);
            }
            look.map(|look| self.zero + Duration::from_nanos(look))
        })
    }

    /// Collects what is due first, whenever that is up to `limit`, for a driver that turns time
    /// itself; its deadline is `latest` then. If nothing is, `limit` is `latest`, and `driver` is
    /// left to be woken by any alarm. Without one, somebody else turns time, and the driver sleeps on.
    pub fn collect_next(
        &self,
        limit: Option<Instant>,
        driver: &mut Option<Waker>,
        due: &mut Vec<Due<Waker>>,
    ) {
        let limit = limit.map(|limit| self.nanos(limit));
        let never = self.nanos(never());
        let is_driver = driver.is_some() || mutant!("a turn by hand loses the driver");
        self.state.with(|state| {
            // A slot's earliest may be that of an alarm that was cancelled.
            let next = state.wheel.peek().and_then(|entry| state.wheel.get(entry));
            let next = next.filter(|(_, at)| *at < never);
            match next {
                Some((_, at)) if limit.is_none_or(|limit| at <= limit) => {
                    if is_driver {
                        state.until = 0;
                    }
                    state.latest = state.latest.max(at);
                    let mut all = state.wheel.collect(at, due);
                    if mutant!("a clock that jumps fires what comes later too") {
                        all = state.wheel.collect(u64::MAX, due);
                    }
                    debug_assert!(all, "an alarm was seen");
                }
                _ => {
                    state.latest = state.latest.max(limit.unwrap_or(0));
                    if is_driver {
                        mem::swap(&mut state.driver, driver);
                        state.until = u64::MAX;
                    }
                }
            }
        });
    }

    /// It is `now`, at least: alarms that are set for earlier are woken at once.
    pub fn raise(&self, now: Instant) {
        let now = self.nanos(now);
        self.state.with(|state| state.latest = state.latest.max(now));
    }

    /// There is no driver any more, and will be none: wakes everybody, so that they hear of it.
    pub fn stop(&self) {
        let mut waiting = self.state.with(|state| {
            state.stopped = true;
            state.until = u64::MAX;
            // RACE: 1. A registers. 2. The driver goes, and wakes all there are. 3. B registers, and
            //       sleeps for ever. So what comes after this step is an error.
            if mutant!("a driver that goes tells nobody") {
                Vec::new()
            } else {
                state.wheel.clear()
            }
        });
        waiting.drain(..).for_each(driver::wake);
        self.forget_driver();
    }

    /// Whether they were stopped.
    pub fn stopped(&self) -> bool {
        self.state.with(|state| state.stopped)
    }

    /// Wakes the driver, if it sleeps.
    pub fn rouse(&self) {
        Wake(self.take_driver()).wake();
    }

    /// The driver does not sleep any more.
    pub fn forget_driver(&self) {
        drop(self.take_driver());
    }

    /// The driver that left `waker` goes; if another has come since, it stays.
    pub fn forget_driver_of(&self, waker: &Waker) {
        let mine = |driver: &Waker| driver.will_wake(waker);
        drop(self.state.with(|state| match state.driver.as_ref().is_some_and(mine) {
            true => {
                state.until = 0;
                state.driver.take()
            }
            false => None,
        }));
    }

    fn take_driver(&self) -> Option<Waker> {
        self.state.with(|state| {
            if !state.stopped {
                state.until = 0;
            }
            state.driver.take()
        })
    }
}

impl fmt::Debug for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarms").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
