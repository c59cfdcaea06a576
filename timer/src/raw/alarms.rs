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
//! 7. No alarm is set for `over` or before, nor will be: what was has been collected, and its entry
//!    may be another's. `over` is a time that has come, and only grows.

use alloc::vec::Vec;
use core::{
    cmp, fmt, mem,
    sync::atomic::Ordering::{Acquire, Release},
    task::Waker,
    time::Duration,
};
use std::time::Instant;

use selvedge_sync::raw::{
    shim::{Brief, atomic::AtomicU64, mutant},
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

/// The latest there is, so that all that is set is earlier than what [`State::until`] may be.
const LATEST: u64 = u64::MAX - 1;

/// Alarms, from a time on that is their zero.
pub struct Alarms {
    zero: Instant,
    over: AtomicU64,
    state: Brief<State>,
}

struct State {
    wheel: Wheel<Waker>,
    /// A time that has come.
    latest: u64,
    until: u64,
    /// What is not due before is surely still to come, without a look at the clock: later than
    /// `latest`.
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
        Self { zero, over: AtomicU64::new(0), state: Brief::new(state) }
    }

    #[inline]
    fn nanos(&self, at: Instant) -> u64 {
        const SECOND: u64 = 1_000_000_000;
        match at.checked_duration_since(self.zero) {
            Some(since) if since.as_secs() < LATEST / SECOND => {
                since.as_secs() * SECOND + u64::from(since.subsec_nanos())
            }
            Some(_) => LATEST,
            None => 0,
        }
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
            if at < state.until || at < state.sure {
                return Err(waker);
            }
            Ok(state.wheel.insert(at, waker))
        });
        match first {
            Ok(id) => Ok(Key::of(id)),
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
            return (Key::passed(u64::MAX), Wake(Some(waker)));
        }
        let id = state.wheel.insert(at, waker);
        if at < state.until {
            // The driver is to look now.
            state.sure = cmp::max(now.saturating_add(SURE), state.latest + 1);
        }
        (Key::of(id), state.call(at))
    }

    /// Moves an alarm to `at`, and wakes `waker` there, whether another was woken before or not.
    /// Without one, the alarm keeps what it has.
    ///
    /// # Errors
    ///
    /// If they were stopped.
    pub fn update(
        &self,
        key: &mut Key,
        at: Instant,
        waker: Option<&Waker>,
    ) -> Result<(), TimerError> {
        let at = self.nanos(at);
        let fresh = waker.cloned();
        let (spare, wake, ended) = self.state.with(|state| {
            if state.stopped {
                return (fresh, Wake::NOBODY, Err(TimerError));
            }
            let (spare, wake) = Self::move_to(state, key, at, fresh);
            (spare, wake, Ok(()))
        });
        // The waker is dropped whatever the other one does.
        wake.wake();
        drop(spare);
        ended
    }

    fn move_to(
        state: &mut State,
        key: &mut Key,
        at: u64,
        fresh: Option<Waker>,
    ) -> (Option<Waker>, Wake) {
        let before = state.wheel.remove(key.id());
        if mutant!("an alarm that was woken cannot be moved") && before.is_none() {
            return (fresh, Wake::NOBODY);
        }
        let (waker, spare) = if fresh.is_some() { (fresh, before) } else { (before, None) };
        let Some(waker) = waker else { return (spare, Wake::NOBODY) };
        if at <= state.latest {
            return (spare, Wake(Some(waker)));
        }
        *key = Key::of(state.wheel.insert(at, waker));
        (spare, state.call(at))
    }

    /// Forgets an alarm.
    #[inline]
    pub fn cancel(&self, key: &Key) {
        if !key.has_passed() {
            drop(self.state.with(|state| state.wheel.remove(key.id())));
        }
    }

    /// Whether no alarm is set for `at`, and what was has been collected (invariant 7); `false` if
    /// the lock would have to be taken to know.
    #[inline]
    pub fn is_over(&self, at: Instant) -> bool {
        // ORDERING: Acquire pairs with the Release in `collected`: what was done before the clock
        // was turned is seen by whoever finds that its time is over.
        self.nanos(at) <= self.over.load(Acquire)
    }

    /// What was due has left the wheel.
    fn collected(&self, state: &mut State, due: &[Due<Waker>]) {
        for due in due {
            state.wheel.remove(due.id);
        }
        state.sure = state.sure.max(state.latest + 1);
        let over = match state.wheel.earliest() {
            Some(earliest) => cmp::min(state.latest, earliest - 1),
            None => state.latest,
        };
        // ORDERING: as in `is_over`.
        self.over.store(over, Release);
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
            self.collected(state, due);
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
            let next = state.wheel.peek().and_then(|id| state.wheel.get(id.entry));
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
            self.collected(state, due);
        });
    }

    /// It is `now`, at least: alarms that are set for earlier are woken at once.
    pub fn raise(&self, now: Instant) {
        let now = self.nanos(now);
        self.state.with(|state| {
            state.latest = state.latest.max(now);
            state.sure = state.sure.max(state.latest + 1);
        });
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
