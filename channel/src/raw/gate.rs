//! A number that rises, and those who wait until it has.
//!
//! ```text
//!   63                                  2         1         0
//! ┌──────────────────────────────────────┬──────────┬──────────┐
//! │                number                │  CLOSED  │ WAITERS  │
//! └──────────────────────────────────────┴──────────┴──────────┘
//! ```
//!
//! Who waits names the number that it has seen, and stands in line while that is the number still.
//! Raising it is one step on the word, which tells whether there is a line to be woken: nobody has
//! to be counted, and nothing to be fenced.
//!
//! Invariants:
//! 1. `WAITERS` is set while somebody is in line. It changes with the line locked only.
//! 2. Who stands further back has seen the same number or a later one.
//! 3. A task that is granted its wait takes nothing away: whoever cancels loses nothing.

use core::{
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};
#[cfg(any(feature = "broadcast", feature = "watch"))]
use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

#[cfg(any(feature = "broadcast", feature = "watch"))]
use selvedge_sync::raw::shim::op;
use selvedge_sync::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns, Wait},
    shim::{Label, atomic::AtomicU64, mutant},
    wakers::{WakeList, in_batches},
};

const WAITERS: u64 = 0b01;
const CLOSED: u64 = 0b10;
/// One step of the number.
const ONE: u64 = 0b100;

/// The number, and the line.
pub(crate) struct Gate {
    state: AtomicU64,
    line: Line<u64>,
    label: Label,
}

/// What a look at a gate saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u64);

impl Seen {
    /// The number.
    #[inline(always)]
    pub(crate) const fn number(self) -> u64 {
        self.0 / ONE
    }

    /// Whether it was closed.
    #[inline(always)]
    pub(crate) const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether there was a line: of what [`Gate::step`] and [`Gate::close`] return, whether
    /// [`Gate::wake`] is to follow.
    #[inline(always)]
    #[must_use = "those in line sleep until they are woken"]
    pub(crate) const fn has_line(self) -> bool {
        self.0 & WAITERS != 0
    }
}

/// A place in front of a gate: how a wait remembers the number that it has seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past(pub(crate) u64);

impl Asks<u64> for Past {
    #[inline(always)]
    fn ask(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn granted(number: u64) -> Self {
        Self(number)
    }
}

impl Gate {
    /// At 0, and open.
    pub(crate) fn new(label: Label) -> Self {
        Self { state: AtomicU64::new(0), line: Line::new(), label }
    }

    /// Waits until the number is not `number`: a future that ends with `None` if the gate is closed
    /// at that number.
    #[inline(always)]
    pub(crate) fn past(&self, number: u64) -> Wait<&Self, Past> {
        Wait::new(self, Past(number))
    }

    /// Looks.
    #[inline(always)]
    pub(crate) fn look(&self) -> Seen {
        // ORDERING: Acquire pairs with the Releases in `step` and `close`: with the number comes
        // what was done before it was reached.
        Seen(self.state.load(Acquire))
    }

    /// Raises the number by one. What it was.
    #[inline(always)]
    pub(crate) fn step(&self) -> Seen {
        // ORDERING: Release pairs with the Acquire in `look`.
        Seen(self.state.fetch_add(ONE, Release))
    }

    /// Closes the gate at its number. What it was.
    #[cfg(any(feature = "broadcast", feature = "watch"))]
    pub(crate) fn close(&self) -> Seen {
        op!(self.label, "closed");
        // ORDERING: Release pairs with the Acquire in `look`.
        Seen(self.state.fetch_or(CLOSED, Release))
    }

    /// Wakes those in line whose number has passed, or who will not see it pass.
    #[cold]
    #[inline(never)]
    pub(crate) fn wake(&self) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                let state = Seen(self.state.load(Relaxed));
                while let Some(number) = queue.first() {
                    let has_passed = number != state.number();
                    if !has_passed && !state.is_closed() {
                        break;
                    }
                    if wakes.is_full() {
                        return true;
                    }
                    wakes.push(if has_passed { queue.grant(number) } else { queue.refuse() });
                    if mutant!("gate: wakes one of many") {
                        return false;
                    }
                }
                self.settle(queue);
                false
            })
        });
    }

    /// Waits until it is so, which a step or the end of the gate may have made it.
    #[cfg(any(feature = "broadcast", feature = "watch"))]
    pub(crate) fn poll_until<'a>(
        &'a self,
        mut place: Pin<&mut Option<Wait<&'a Self, Past>>>,
        cx: &mut Context<'_>,
        is_so: impl Fn() -> bool,
    ) -> Poll<()> {
        loop {
            // RACE: 1. A sees that it is not so yet. 2. B makes it so, steps, and finds no line.
            //       3. A lines up, and sleeps for ever. So A looks at the gate before it sees.
            let seen = self.look().number();
            if is_so() {
                place.set(None);
                return Poll::Ready(());
            }
            match place.as_mut().as_pin_mut() {
                Some(wait) => {
                    drop(ready!(wait.poll_turn(cx)));
                    place.set(None);
                }
                None => place.set(Some(self.past(seen))),
            }
        }
    }

    /// How many are in line.
    #[cfg(feature = "queue")]
    pub(crate) fn waiters(&self) -> usize {
        self.line.with(|queue| queue.len())
    }

    /// Notes that there is no line, if there is none. The line is locked.
    fn settle(&self, queue: &Queue<u64>) {
        if queue.is_empty() {
            self.state.fetch_and(!WAITERS, Relaxed);
        }
    }

    /// Writes a row into the timeline of a model.
    #[cfg(any(feature = "broadcast", feature = "watch"))]
    #[inline(always)]
    pub(crate) fn note(&self, _what: &'static str) {
        op!(self.label, _what);
    }

    /// What it says to somebody who has seen `number`.
    #[inline(always)]
    fn offer(state: u64, number: u64) -> Answer<u64> {
        if Seen(state).number() != number {
            Answer::Granted(number)
        } else if Seen(state).is_closed() {
            Answer::Refused
        } else {
            Answer::Wait
        }
    }
}

impl Turns for Gate {
    type Ask = u64;

    #[inline(always)]
    fn line(&self) -> &Line<u64> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, number: u64) -> Answer<u64> {
        // Who is let past looks again.
        Self::offer(self.state.load(Relaxed), number)
    }

    fn admit(&self, number: u64, _: Place, _: &Queue<u64>) -> Answer<u64> {
        let mut state = self.state.load(Relaxed);
        loop {
            let answer = Self::offer(state, number);
            if !matches!(answer, Answer::Wait) || mutant!("gate: lines up without a word") {
                return answer;
            }
            // RACE: 1. A finds its number still there. 2. B raises it, and finds no line. 3. A lines
            //       up, and sleeps for ever. So A notes itself by a CAS that fails if it was raised.
            match self.state.compare_exchange_weak(state, state | WAITERS, Relaxed, Relaxed) {
                Ok(_) => return Answer::Wait,
                Err(now) => state = now,
            }
        }
    }

    #[inline(always)]
    fn give_back(&self, _: u64) {}

    fn left(&self, _: bool, queue: &mut Queue<u64>, _: &mut WakeList) -> bool {
        self.settle(queue);
        false
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Gate {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.look().fmt(f)
    }
}
