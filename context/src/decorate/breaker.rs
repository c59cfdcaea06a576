//! A circuit breaker: no more calls to what fails, but a few to see whether it still does.
//!
//! # State
//!
//! One word decides; what calls ended with lately is in [`Window`].
//!
//! ```text
//!   63            27              15              3          0
//! ┌──────────────┬───────────────┬───────────────┬───────────┐
//! │    cycle     │   succeeded   │    granted    │   kind    │
//! └──────────────┴───────────────┴───────────────┴───────────┘
//! ```
//!
//! | kind          | what happens to a call                                                       |
//! |---------------|------------------------------------------------------------------------------|
//! | `CLOSED`      | it is let in, and noted; too many bad ones open the breaker                  |
//! | `OPEN`        | it is refused; after the wait the first is let in, and that is half-open     |
//! | `HALF_OPEN`   | it is let in while `granted` is below the number of probes                   |
//! | `FORCED_OPEN` | it is refused                                                                |
//! | `DISABLED`    | it is let in, and not noted                                                  |
//! | `METRICS`     | it is let in, and noted; the breaker stays as it is                          |
//!
//! Each change of kind begins a new *cycle*: what was let in during an old one changes nothing when it
//! ends. `granted` counts the probes that are out or have succeeded; one that is dropped, panics or is
//! ignored gives its place back.

use core::{
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    time::Duration,
};
use std::time::Instant;

use selvedge_sync::raw::shim::{Label, Peek, atomic::AtomicU64, mutant, op};

pub use self::call::{Breaking, Breaks, Guarded};
use self::window::Window;
use super::ticks;

mod build;
mod call;
mod window;

const KIND: u64 = 0b111;
const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
const FORCED_OPEN: u64 = 3;
const DISABLED: u64 = 4;
const METRICS: u64 = 5;
/// One probe that was let in.
const GRANTED: u64 = 1 << 3;
/// One that succeeded.
const SUCCEEDED: u64 = 1 << 15;
const COUNT: u64 = 0xFFF;
const CYCLE: u32 = 27;

/// A circuit breaker, to be shared by all who call the same place.
///
/// Closed, it lets every call in and watches the last of them. Once there are enough, and too many of
/// them failed or were slow, it opens: calls are refused at once with [`Open`]. After a wait it is
/// half-open: a few probes are let in; when all of them succeed it closes, and the first that fails opens
/// it again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Breaker, BreakerState, Open, CallError, op};
///
/// /// Opens when half of the last twenty calls failed, for a second.
/// static BREAKER: Breaker = Breaker::new(20).failure_rate(50).minimum_calls(4).wait(Duration::from_secs(1));
///
/// let ask = op(async |well: bool| if well { Ok(()) } else { Err(CallError::Inner("no answer")) })
///     .breaker(&BREAKER);
/// # pollster::block_on(async {
/// for _ in 0..4 {
///     assert_eq!(ask.call(false).await, Err(CallError::Inner("no answer")));
/// }
/// assert_eq!(BREAKER.state(), BreakerState::Open);
/// assert!(matches!(ask.call(true).await, Err(CallError::Open(_))));
/// # });
/// ```
#[doc(alias = "CircuitBreaker")]
pub struct Breaker {
    state: AtomicU64,
    /// Until when it is open, in nanoseconds.
    until: AtomicU64,
    /// How many calls have been noted: where a window that counts stands.
    noted: AtomicU64,
    window: Window,
    settings: Settings,
    #[cfg_attr(not(selvedge_loom), expect(dead_code, reason = "models name it"))]
    label: Label,
}

#[derive(Clone, Copy)]
struct Settings {
    /// A tenth of the window, in nanoseconds, or in calls.
    part: u64,
    timed: bool,
    minimum: u64,
    /// In percent; above 100 is never.
    failed: u64,
    slow: u64,
    /// From when on a call is slow.
    slow_call: Duration,
    wait: Duration,
    probes: u64,
}

/// What a [`Breaker`] does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Lets them in.
    Closed,
    /// Refuses them.
    Open,
    /// Lets a few in.
    HalfOpen,
    /// Refuses them until told otherwise.
    ForcedOpen,
    /// Lets them in and looks away, until told otherwise.
    Disabled,
    /// Lets them in and counts, until told otherwise.
    MetricsOnly,
}

/// What a [`Breaker`] has seen lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerStatistics {
    /// What it does.
    pub state: BreakerState,
    /// Calls that ended within the window.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Those of them that were slow.
    pub slow: u64,
}

/// The [`Breaker`] is open: the call was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    retry_after: Option<Duration>,
}

impl Breaker {
    /// What it does with calls.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.state.load(Relaxed) & KIND {
            CLOSED => BreakerState::Closed,
            OPEN => BreakerState::Open,
            HALF_OPEN => BreakerState::HalfOpen,
            FORCED_OPEN => BreakerState::ForcedOpen,
            DISABLED => BreakerState::Disabled,
            _ => BreakerState::MetricsOnly,
        }
    }

    /// What it has seen within the window that ends at `now`.
    #[must_use]
    pub fn statistics(&self, now: Instant) -> BreakerStatistics {
        let cycle = self.state.load(Relaxed) >> CYCLE;
        // The window ends with the last call that was noted, as when that was judged.
        let last = || self.noted.load(Relaxed).saturating_sub(1);
        let position = if self.settings.timed { ticks(now) } else { last() };
        let sums = self.window.sums(cycle, position / self.settings.part);
        let (calls, failed, slow) = (sums.calls, sums.failed, sums.slow);
        BreakerStatistics { state: self.state(), calls, failed, slow }
    }

    /// Closes it, and forgets what it has seen.
    pub fn reset(&self) {
        self.become_(CLOSED);
    }

    /// Refuses every call from now on, until [`reset`](Self::reset).
    pub fn force_open(&self) {
        self.become_(FORCED_OPEN);
    }

    /// Lets every call in and looks away, until [`reset`](Self::reset).
    pub fn disable(&self) {
        self.become_(DISABLED);
    }

    /// Lets every call in and counts, until [`reset`](Self::reset).
    pub fn metrics_only(&self) {
        self.become_(METRICS);
    }

    /// Asks to make a call. Tell the permit how it went.
    ///
    /// # Errors
    ///
    /// If the breaker is open.
    #[inline]
    pub fn ask(&self, now: impl FnOnce() -> Instant) -> Result<BreakerPermit<'_>, Open> {
        let state = self.state.load(Relaxed);
        let asks_time = self.settings.timed || self.settings.slow <= 100;
        match state & KIND {
            CLOSED | METRICS => {
                let start = asks_time.then(now);
                Ok(BreakerPermit { breaker: self, cycle: state >> CYCLE, start })
            }
            _ => self.ask_again(now()),
        }
    }

    #[cold]
    fn ask_again(&self, now: Instant) -> Result<BreakerPermit<'_>, Open> {
        loop {
            // ORDERING: Acquire pairs with the Release in `open`: with `OPEN` comes `until`.
            let state = self.state.load(Acquire);
            let next = match state & KIND {
                OPEN => {
                    let left = self.until.load(Relaxed).saturating_sub(ticks(now));
                    if left > 0 {
                        return Err(Open { retry_after: Some(Duration::from_nanos(left)) });
                    }
                    op!(self.label, "is half-open");
                    next_cycle(state, HALF_OPEN) + GRANTED
                }
                HALF_OPEN => {
                    let granted = (state / GRANTED) & COUNT;
                    let one_more = u64::from(mutant!("half-open lets one more in"));
                    if granted >= self.settings.probes + one_more {
                        return Err(Open { retry_after: Some(Duration::ZERO) });
                    }
                    state + GRANTED
                }
                FORCED_OPEN => return Err(Open { retry_after: None }),
                _ => state,
            };
            if self.state.compare_exchange_weak(state, next, Relaxed, Relaxed).is_ok() {
                let cycle = next >> CYCLE;
                return Ok(BreakerPermit { breaker: self, cycle, start: Some(now) });
            }
        }
    }

    /// A call of `cycle` has ended.
    fn ended(&self, cycle: u64, failed: bool, took: Option<Duration>, now: impl Fn() -> Instant) {
        let mut state = self.state.peek();
        let slow = took.is_some_and(|took| took >= self.settings.slow_call);
        loop {
            if state >> CYCLE != cycle && !mutant!("a late result of an old cycle counts") {
                return;
            }
            let next = match state & KIND {
                CLOSED => return self.note(state, failed, slow, now, true),
                METRICS => return self.note(state, failed, slow, now, false),
                HALF_OPEN if failed || (slow && self.settings.slow <= 100) => {
                    return self.open(state, now());
                }
                HALF_OPEN => {
                    let succeeded = (state / SUCCEEDED) & COUNT;
                    if succeeded + 1 >= self.settings.probes {
                        op!(self.label, "closes");
                        next_cycle(state, CLOSED)
                    } else {
                        state + SUCCEEDED
                    }
                }
                _ => return,
            };
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => state = other,
            }
        }
    }

    #[inline]
    fn note(&self, state: u64, failed: bool, slow: bool, now: impl Fn() -> Instant, judge: bool) {
        let Settings { part, timed, .. } = self.settings;
        let cycle = state >> CYCLE;
        let position = if timed { ticks(now()) } else { self.noted.fetch_add(1, Relaxed) };
        self.window.note(cycle, position / part, failed, slow);
        if judge && (failed || slow) {
            let sums = self.window.sums(cycle, position / part);
            let reached = |count: u64, percent| count * 100 >= percent * sums.calls;
            let too_many = reached(sums.failed, self.settings.failed)
                || reached(sums.slow, self.settings.slow);
            if sums.calls >= self.settings.minimum && too_many {
                self.open(state, now());
            }
        }
    }

    #[cold]
    fn open(&self, state: u64, now: Instant) {
        let wait = u64::try_from(self.settings.wait.as_nanos()).unwrap_or(u64::MAX);
        self.until.store(ticks(now).saturating_add(wait), Relaxed);
        let mut before = state;
        // Another call of the cycle may have taken a probe, or ended, meanwhile: it is opened all the same.
        while before >> CYCLE == state >> CYCLE {
            // ORDERING: Release pairs with the Acquires in `ask` and `ask_again`: with `OPEN` comes `until`.
            let opened = next_cycle(before, OPEN);
            match self.state.compare_exchange_weak(before, opened, Release, Relaxed) {
                Ok(_) => {
                    op!(self.label, "opens");
                    return;
                }
                Err(other) => before = other,
            }
        }
    }

    /// A probe of `cycle` ended without a result: its place is free again.
    fn give_back(&self, cycle: u64) {
        let mut state = self.state.load(Relaxed);
        while state >> CYCLE == cycle && state & KIND == HALF_OPEN {
            if mutant!("a dropped probe keeps its place") {
                return;
            }
            match self.state.compare_exchange_weak(state, state - GRANTED, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => state = other,
            }
        }
    }

    fn become_(&self, kind: u64) {
        let mut state = self.state.load(Relaxed);
        loop {
            let next = next_cycle(state, kind);
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => state = other,
            }
        }
    }
}

/// The word of a new cycle.
fn next_cycle(state: u64, kind: u64) -> u64 {
    (((state >> CYCLE) + 1) << CYCLE) | kind
}

/// Lets one call in; dropped without a word it changes nothing.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// use selvedge_context::decorate::{Breaker, BreakerState};
///
/// // For what is no future: a call that blocks, a row of calls that counts as one.
/// let breaker = Breaker::new(1);
/// let permit = breaker.ask(Instant::now)?;
/// let failed = "no route".parse::<u32>().is_err();
/// permit.ended(failed, Instant::now);
/// assert_eq!(breaker.state(), BreakerState::Open);
/// assert!(breaker.ask(Instant::now).is_err());
/// # Ok::<(), selvedge_context::decorate::Open>(())
/// ```
#[must_use = "tell it how the call went"]
#[derive(Debug)]
pub struct BreakerPermit<'a> {
    breaker: &'a Breaker,
    cycle: u64,
    start: Option<Instant>,
}

impl BreakerPermit<'_> {
    /// The call has ended, well or not, at what `now` says.
    #[inline]
    pub fn ended(self, failed: bool, now: impl Fn() -> Instant) {
        let took = self.start.map(|start| now().saturating_duration_since(start));
        let (breaker, cycle) = (self.breaker, self.cycle);
        core::mem::forget(self);
        breaker.ended(cycle, failed, took, now);
    }
}

impl Drop for BreakerPermit<'_> {
    fn drop(&mut self) {
        self.breaker.give_back(self.cycle);
    }
}

impl Open {
    /// After how long it is worth another try; `None` if it was [forced](Breaker::force_open).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker is open")
    }
}

impl core::error::Error for Open {}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("state", &self.state()).finish_non_exhaustive()
    }
}
