//! How permits are taken, given back and passed on. The picture of the state, with its invariants,
//! is in the head of `semaphore.rs`.

use core::sync::atomic::Ordering::{Acquire as Acq, Relaxed, Release};

use super::{CLOSED, DEBT, ONE, Semaphore, WAITERS, signed, too_many_permits};
use crate::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns},
    shim::{Label, Peek, mutant, op},
    wakers::{WakeList, in_batches},
};

/// What a task asks for: at least so many, or with [`ALL`](Ask::ALL) all there is if that is more.
/// What was granted is a number alone.
///
/// One word, so that a permit is a reference and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask(usize);

impl Semaphore {
    /// Puts `n` permits on hand, or in the hands of those in line.
    #[inline]
    pub(super) fn put(&self, n: usize) {
        let mut state = self.state.peek();
        while state & (WAITERS | DEBT) == 0 {
            // ORDERING: Release pairs with the Acquires in `try_take` and `admit`.
            match self.state.compare_exchange_weak(state, state + n * ONE, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        self.put_slowly(n);
    }

    #[cold]
    #[inline(never)]
    fn put_slowly(&self, n: usize) {
        let mut n = n;
        in_batches(|wakes| {
            self.line.with(|queue| {
                let owed = self.debt.load(Relaxed);
                let paid = if mutant!("debts are not paid") { 0 } else { owed.min(n) };
                self.debt.store(owed - paid, Relaxed);
                let more = self.serve(n - paid, queue, wakes);
                n = 0;
                more
            })
        });
    }

    /// Grants those at the head of the line what they ask for, from what is on hand and `fresh`.
    /// Whether there are more to grant than `wakes` has room for.
    pub(super) fn serve(&self, fresh: usize, queue: &mut Queue<Ask>, wakes: &mut WakeList) -> bool {
        let mut more = false;
        let mut state = self.state.peek();
        let mut left = state / ONE + fresh;
        let open = state & CLOSED == 0;
        if !open && mutant!("what comes back after closing is lost") {
            left = state / ONE;
        }
        while let Some(ask) = queue.first().filter(|ask| open && ask.least() <= left) {
            if wakes.is_full() {
                more = true;
                break;
            }
            let granted = ask.of(left);
            left -= granted;
            op!(self.label, "grants");
            wakes.push(queue.grant(Ask(granted)));
            if mutant!("wakes one of many") {
                break;
            }
        }
        let waiters = if queue.is_empty() { 0 } else { WAITERS };
        let debt = if self.debt.load(Relaxed) == 0 { 0 } else { DEBT };
        loop {
            // What others changed since is theirs: without a line and without a debt, permits are
            // taken and given back past the lock (invariant 2).
            let next = (state & CLOSED) | waiters | debt | (left * ONE);
            // ORDERING: Release pairs with the Acquires in `try_take` and `admit`.
            match self.state.compare_exchange_weak(state, next, Release, Relaxed) {
                Ok(_) => return more,
                Err(now) => {
                    left = left + now / ONE - state / ONE;
                    state = now;
                }
            }
        }
    }

    /// Takes back permits for good, of which `choose` names the number: those on hand, and the rest
    /// as a debt. Fails with the number that there are, if `choose` names none.
    pub(super) fn reduce(&self, choose: impl FnOnce(usize) -> Option<usize>) -> Result<(), usize> {
        self.line.with(|_| {
            let there = usize::try_from(signed(self.total.load(Relaxed))).unwrap_or(0);
            let n = choose(there).ok_or(there)?;
            let owed = n - self.take_back(n, DEBT);
            self.debt.store(self.debt.load(Relaxed) + owed, Relaxed);
            // RACE: 1. A lowers `total`. 2. B finds room below the limit, and adds. 3. The word has
            //       A's permits and B's, and overflows. So `total` is lowered last.
            self.total.fetch_sub(n, Relaxed);
            Ok(())
        })
    }

    /// Takes back up to `n` permits that are on hand; if there are fewer, the word is marked with
    /// `short`. How many there were. The line is locked.
    pub(super) fn take_back(&self, n: usize, short: usize) -> usize {
        let mut state = self.state.peek();
        loop {
            let taken = n.min(state / ONE);
            let mark = if taken < n { short } else { 0 };
            let next = (state - taken * ONE) | mark;
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) => return taken,
                Err(now) => state = now,
            }
        }
    }

    /// What a task that stands in no line may have now.
    #[inline(always)]
    fn offer(state: usize, ask: Ask) -> Answer<usize> {
        if state & CLOSED != 0 {
            Answer::Refused
        } else if state & WAITERS == 0 && state / ONE >= ask.least() {
            Answer::Granted(ask.of(state / ONE))
        } else if ask == Ask::NOTHING {
            Answer::Granted(0)
        } else {
            Answer::Wait
        }
    }
}

impl Ask {
    const NOTHING: Self = Self(0);
    /// Above every number of permits.
    const ALL: usize = 1 << (usize::BITS - 1);

    /// How many have to be on hand.
    #[inline(always)]
    fn least(self) -> usize {
        self.0 & !Self::ALL
    }

    /// What it gets of `left`.
    #[inline(always)]
    fn of(self, left: usize) -> usize {
        if self.0 & Self::ALL == 0 { self.0 } else { left }
    }
}

impl Turns for Semaphore {
    type Ask = Ask;

    #[inline(always)]
    fn line(&self) -> &Line<Ask> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, ask: Ask) -> Answer<Ask> {
        let mut state = self.state.peek();
        loop {
            let granted = match Self::offer(state, ask) {
                Answer::Granted(0) => return Answer::Granted(Ask::NOTHING),
                Answer::Granted(granted) => granted,
                Answer::Refused => return Answer::Refused,
                Answer::Wait => return Answer::Wait,
            };
            // ORDERING: Acquire pairs with the Releases in `put` and `serve`.
            match self.state.compare_exchange_weak(state, state - granted * ONE, Acq, Relaxed) {
                Ok(_) => return Answer::Granted(Ask(granted)),
                Err(now) => state = now,
            }
        }
    }

    fn admit(&self, ask: Ask, _: Place, _: &Queue<Ask>) -> Answer<Ask> {
        let mut state = self.state.peek();
        loop {
            let (next, answer) = match Self::offer(state, ask) {
                Answer::Granted(granted) => (state - granted * ONE, Answer::Granted(Ask(granted))),
                Answer::Refused => return Answer::Refused,
                // RACE: 1. A finds too few. 2. B gives back enough, sees no waiters. 3. A lines up,
                //       and sleeps for ever. So A notes itself while there are still too few.
                Answer::Wait => (state | WAITERS, Answer::Wait),
            };
            // ORDERING: Acquire pairs with the Releases in `put` and `serve`.
            match self.state.compare_exchange_weak(state, next, Acq, Relaxed) {
                Ok(_) => return answer,
                Err(now) => state = now,
            }
        }
    }

    #[inline(always)]
    fn give_back(&self, Ask(granted): Ask) {
        self.put(granted);
    }

    fn left(&self, _: bool, queue: &mut Queue<Ask>, wakes: &mut WakeList) -> bool {
        !mutant!("who leaves lets nobody in") && self.serve(0, queue, wakes)
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Semaphore {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

/// What a future asks for, and what a permit holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permits(Ask);

impl Permits {
    pub(crate) const fn exactly(n: usize) -> Self {
        Self(Ask(n))
    }

    pub(super) const fn at_least(self) -> Self {
        Self(Ask(self.0.0 | Ask::ALL))
    }

    #[track_caller]
    pub(crate) fn many(n: u32) -> Self {
        match usize::try_from(n) {
            Ok(n) if n <= Semaphore::MAX_PERMITS => Self::exactly(n),
            _ => too_many_permits(),
        }
    }

    /// How many a permit holds.
    pub(crate) fn count(self) -> usize {
        self.0.0
    }
}

impl Asks<Ask> for Permits {
    #[inline(always)]
    fn ask(self) -> Ask {
        self.0
    }

    #[inline(always)]
    fn granted(ask: Ask) -> Self {
        Self(ask)
    }
}
