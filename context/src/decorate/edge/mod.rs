//! One call for many: what `throttle` and `debounce` share.
//!
//! # State
//!
//! Under one lock: the times that the rule goes by, and who waits for its edge. The wait is over when
//! its sleep is; then it takes its turn, if it is still the one.
//!
//! Invariants:
//! 1. Each call that waits or begins has a number, and the last one's is in the state. Whoever has an
//!    older one, and has not begun, has been skipped.
//! 2. `due` is there while the last one waits; then the waker is its own.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::{
    shim::{Lock, const_in_build, doomed, mutant},
    wakers::Wake,
};

use super::Time;
use crate::raw::seldom::Seldom;

/// The call was left out: a later one stands for it, or one that came before. See
/// [chains](super::Op) with a throttle or a debounce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped;

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call was left out, another one stands for it")
    }
}

impl core::error::Error for Skipped {}

/// As a number; centuries are for ever.
pub(super) const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

/// What a rule goes by.
#[derive(Debug)]
pub struct Times {
    /// When whoever waits is to begin.
    pub(super) due: Option<u64>,
    /// When the last one began, or the burst did.
    #[cfg_attr(not(feature = "debounce"), expect(dead_code, reason = "debounce's alone"))]
    pub(super) from: u64,
    /// The end of the window, or of the quiet time.
    pub(super) until: u64,
}

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It begins.
    Begin,
    /// It waits, in the place of whoever did.
    Wait(u64),
    /// It is left out.
    Skip,
}

/// When calls begin: `Throttle` or `Debounce`.
pub trait Rule {
    /// The state.
    fn edge(&self) -> &Edge;

    /// A call has come. No code of a user's runs here, nor in `begins`.
    fn comes(&self, times: &mut Times, now: u64) -> Step;

    /// A call begins.
    fn begins(&self, times: &mut Times, now: u64);
}

/// Who waits, and since when.
pub struct Edge(Lock<State>);

struct State {
    times: Times,
    number: u64,
    waker: Option<Waker>,
}

impl Edge {
    const_in_build! {
        /// Nobody has called.
        pub(super) fn new() -> Self {
            let times = Times { due: None, from: 0, until: 0 };
            Self(Lock::new(State { times, number: 0, waker: None }))
        }
    }

    /// A call comes: what becomes of it, and its number.
    fn come(&self, rule: &impl Rule, now: u64) -> (Step, u64) {
        let (step, number, skipped) = self.0.with(|state| {
            let step = rule.comes(&mut state.times, now);
            state.times.due = match step {
                Step::Skip => return (step, state.number, None),
                Step::Wait(due) => Some(due),
                Step::Begin => {
                    rule.begins(&mut state.times, now);
                    None
                }
            };
            state.number += 1;
            (step, state.number, state.waker.take())
        });
        if !mutant!("a call that is skipped sleeps on") {
            Wake(skipped).wake();
        }
        (step, number)
    }

    /// Whether call `number` still waits; then `waker` is woken when another takes its place.
    fn stays(&self, number: u64, waker: &Waker) -> bool {
        let known = self.0.with(|state| {
            let known = state.waker.as_ref().is_some_and(|known| known.will_wake(waker));
            (state.number == number).then_some(known)
        });
        let Some(known) = known else { return false };
        if known {
            return true;
        }
        let mut fresh = Some(waker.clone());
        let (stays, before) = self.0.with(|state| {
            // RACE: 1. A looks, and is the last. 2. B takes its place, and finds no waker. 3. A leaves
            //       its own, and sleeps on. So A looks where it leaves it.
            if state.number != number && !mutant!("a call leaves its waker unseen") {
                return (false, None);
            }
            (true, core::mem::replace(&mut state.waker, fresh.take()))
        });
        drop((fresh, before));
        stays
    }

    /// Call `number` has waited long enough: whether it begins.
    fn turn(&self, rule: &impl Rule, number: u64, now: u64) -> bool {
        let (begins, waker) = self.0.with(|state| {
            if state.number != number && !mutant!("a call that was skipped begins") {
                return (false, None);
            }
            let now = state.times.due.take().map_or(now, |due| now.max(due));
            rule.begins(&mut state.times, now);
            (true, state.waker.take())
        });
        drop(waker);
        begins
    }

    /// Call `number` waits no more.
    fn leave(&self, number: u64) {
        let waker = self.0.with(|state| {
            if state.number != number && !mutant!("who goes takes the last one along") {
                return None;
            }
            state.times.due = None;
            state.waker.take()
        });
        drop(waker);
    }
}

pin_project! {
    /// A call that waits for its edge, or is left out: of a chain ([`Op`](super::Op)) with a throttle or
    /// a debounce.
    #[must_use = "futures do nothing unless polled"]
    pub struct AtEdge<'a, E, F, T>
    where
        E: Rule,
        T: Time,
    {
        rule: &'a E,
        time: T,
        #[pin]
        wait: Waiting<T::Sleep>,
        #[pin]
        call: F,
    }

    impl<E, F, T> PinnedDrop for AtEdge<'_, E, F, T>
    where
        E: Rule,
        T: Time,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Proj::Sleeps { number, .. } = this.wait.project() {
                if !doomed() {
                    this.rule.edge().leave(*number);
                }
            }
        }
    }
}

pin_project! {
    #[project = Proj]
    enum Waiting<S> {
        New,
        Sleeps { #[pin] sleep: Seldom<S>, number: u64 },
        Begun,
        Over,
    }
}

impl<'a, E: Rule, F, T: Time> AtEdge<'a, E, F, T> {
    pub(super) fn new(rule: &'a E, time: T, call: F) -> Self {
        Self { rule, time, wait: Waiting::New, call }
    }
}

impl<E, F, T, R, X> Future for AtEdge<'_, E, F, T>
where
    E: Rule,
    T: Time,
    F: Future<Output = Result<R, X>>,
    X: From<Skipped>,
{
    type Output = Result<R, X>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, X>> {
        let mut this = self.project();
        let edge = this.rule.edge();
        let begins = loop {
            match this.wait.as_mut().project() {
                Proj::Begun => break true,
                Proj::Over => panic!("a future was polled after completion"),
                Proj::New => {
                    let now = this.time.ticks();
                    match edge.come(*this.rule, now) {
                        (Step::Begin, _) => this.wait.set(Waiting::Begun),
                        (Step::Skip, _) => break false,
                        (Step::Wait(due), number) => {
                            let left = Duration::from_nanos(due.saturating_sub(now));
                            let sleep = Seldom::new(this.time.sleep(left));
                            this.wait.set(Waiting::Sleeps { sleep, number });
                        }
                    }
                }
                Proj::Sleeps { sleep, number } => {
                    let number = *number;
                    if sleep.poll(cx).is_pending() {
                        if edge.stays(number, cx.waker()) {
                            return Poll::Pending;
                        }
                        break false;
                    }
                    if !edge.turn(*this.rule, number, this.time.ticks()) {
                        break false;
                    }
                    this.wait.set(Waiting::Begun);
                }
            }
        };
        if !begins {
            this.wait.set(Waiting::Over);
            return Poll::Ready(Err(Skipped.into()));
        }
        let output = ready!(this.call.poll(cx));
        this.wait.set(Waiting::Over);
        Poll::Ready(output)
    }
}

impl<E: Rule, F, T: Time> fmt::Debug for AtEdge<'_, E, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = matches!(self.wait, Waiting::Begun);
        f.debug_struct("AtEdge").field("runs", &runs).finish_non_exhaustive()
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = self.0.with(|state| state.times.due.is_some());
        f.debug_struct("Edge").field("waits", &waits).finish()
    }
}
