//! Waiting for a condition: seldom, by many, and until it comes to hold.
//!
//! A primitive says when its condition holds ([`Condition`]); whoever makes it hold calls
//! [`raise`], which sends off all those in line whose wait is over. Waiting itself is the line's,
//! as for a lock: a [`Wait`](super::line::Wait) in front of a condition is polled by tasks and, in
//! `block_on`, by threads. What comes out of it is a turn that costs nothing and is given back to
//! nobody.
//!
//! ```text
//! who waits                                  who makes it hold
//!   looks: it does not hold                    changes the state
//!   with the line locked: looks again,         with the line locked: grants and
//!     and lines up                               refuses the head, while its wait is over
//! ```
//!
//! Whichever of the two locks the line first, the other sees what it did. So `raise` needs no
//! fence, and whoever waits needs no second look after lining up.

use super::{
    line::{Answer, Asks, Line, Place, Queue, Turns},
    shim::{Label, const_in_build, mutant, op},
    wakers::{WakeList, in_batches},
};

/// What tasks and threads wait for.
pub trait Condition {
    /// Which of several conditions a task waits for; `()` if there is but one.
    type Ask: Copy;

    /// Where they wait.
    fn signal(&self) -> &Signal<Self::Ask>;

    /// Whether the wait is over. The line may be locked, so no code of a user's runs.
    ///
    /// Those in front must be done no later than those behind them: [`raise`] stops at the first
    /// whose wait goes on.
    fn holds(&self, ask: Self::Ask) -> Answer<Self::Ask>;
}

/// Where tasks and threads wait for a condition. It is idle until somebody has to.
#[derive(Debug)]
pub struct Signal<V = ()> {
    line: Line<V>,
    label: Label,
}

impl<V: Copy> Signal<V> {
    const_in_build! {
        /// Nobody waits yet; `kind` is the name in a timeline.
        pub fn new(kind: &'static str) -> Self {
            Self { line: Line::new(), label: Label::new(kind) }
        }
    }

    /// How many wait, by counting.
    pub fn waiters(&self) -> usize {
        self.line.with(|queue| queue.len())
    }

    /// Changes the state with the line locked, so that nobody lines up meanwhile. [`raise`] once it
    /// is changed.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with<R>(&self, change: impl FnOnce() -> R) -> R {
        self.line.with(|_| change())
    }
}

/// Sends off those whose wait is over. To be called by whoever changes the state, after it.
#[cold]
pub fn raise<C: Condition + ?Sized>(condition: &C) {
    in_batches(|wakes| collect(condition, wakes));
}

/// Collects those whose wait is over, to be woken by the caller; whether there are more than `wakes`
/// has room for.
pub fn collect<C: Condition + ?Sized>(condition: &C, wakes: &mut WakeList) -> bool {
    op!(condition.signal().label, "raised");
    condition.signal().line.with(|queue| {
        while let Some(ask) = queue.first() {
            if wakes.is_full() {
                return true;
            }
            match condition.holds(ask) {
                Answer::Granted(ask) => wakes.push(queue.grant(ask)),
                Answer::Refused => wakes.push(queue.refuse()),
                Answer::Wait => return false,
            }
            if mutant!("raising wakes one") {
                return false;
            }
        }
        false
    })
}

impl<C: Condition + ?Sized> Turns for C {
    type Ask = C::Ask;

    #[inline(always)]
    fn line(&self) -> &Line<C::Ask> {
        &self.signal().line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.signal().label
    }

    #[inline(always)]
    fn try_take(&self, ask: C::Ask) -> Answer<C::Ask> {
        self.holds(ask)
    }

    fn admit(&self, ask: C::Ask, _: Place, _: &Queue<C::Ask>) -> Answer<C::Ask> {
        // RACE: 1. A finds that it does not hold. 2. B makes it hold, and finds nobody in line.
        //       3. A lines up, and sleeps for ever. So A looks again, with the line locked.
        if mutant!("lines up without a second look") { Answer::Wait } else { self.holds(ask) }
    }

    #[inline(always)]
    fn give_back(&self, _: C::Ask) {}

    #[inline(always)]
    fn left(&self, _: bool, _: &mut Queue<C::Ask>, _: &mut WakeList) -> bool {
        false
    }
}

/// What a future waits for that waits for a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct For<V>(pub V);

impl<V: Copy> Asks<V> for For<V> {
    #[inline(always)]
    fn ask(self) -> V {
        self.0
    }

    #[inline(always)]
    fn granted(ask: V) -> Self {
        Self(ask)
    }
}
