//! How notifications reach those in line: the algorithm of `notify.rs`, where the picture is.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::{BY_LAST, BY_ONE, CALL, CALLS, Notify, PERMIT, Since, WAITERS};
use crate::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns},
    shim::{Label, mutant, op},
    wakers::{Wake, WakeList, in_batches},
};

impl Notify {
    /// Changes the word, unless somebody is in line.
    #[inline(always)]
    pub(super) fn without_waiters(&self, next: impl Fn(usize) -> usize) -> Result<(), usize> {
        let mut state = self.state.load(Relaxed);
        while state & WAITERS == 0 {
            if mutant!("a second notification publishes nothing") && next(state) == state {
                return Ok(());
            }
            // ORDERING: Release pairs with the Acquires in `try_take` and `since`. Also when the
            // word stays as it is: each notifier is seen by who is notified.
            match self.state.compare_exchange_weak(state, next(state), Release, Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
        Err(state)
    }

    /// Changes the word while somebody is, or just was, in line. The line is locked.
    #[inline]
    fn set(&self, state: usize) {
        // ORDERING: Release pairs with the Acquires in `try_take` and `since`. What it replaces was
        // written by a holder of the line's lock, and so is published along.
        self.state.store(state, Release);
    }

    /// Gives a notification to one in line.
    #[cold]
    #[inline(never)]
    pub(super) fn pass(&self, by: usize) {
        let passed = self.line.with(|queue| {
            let calls = self.state.load(Relaxed) & CALLS;
            // Those who are due have their notification, and get no other.
            let is_due = |since: Since| since.0 != calls && !mutant!("who is due gets two");
            (!queue.first().is_some_and(is_due)).then(|| self.pass_to(calls, by, queue))
        });
        match passed {
            Some(wake) => wake.wake(),
            None => self.pass_behind(by),
        }
    }

    /// As [`pass`](Self::pass), to those who stand behind others who are due; they go first.
    #[cold]
    fn pass_behind(&self, by: usize) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                let calls = self.state.load(Relaxed) & CALLS;
                let more = queue.grant_while(wakes, |since| since.0 != calls) || wakes.is_full();
                if !more {
                    wakes.push(self.pass_to(calls, by, queue));
                }
                more
            })
        });
    }

    /// Gives a notification to one in line, of whom none is due; keeps it if the line is empty.
    #[inline]
    fn pass_to(&self, calls: usize, by: usize, queue: &mut Queue<Since>) -> Wake {
        if queue.is_empty() {
            // RACE: 1. A finds somebody in line. 2. They leave. 3. A has nobody to notify. So A
            //       does again what it would have done in the first place.
            if self.without_waiters(|state| state | PERMIT).is_err() {
                self.set(calls | PERMIT);
            }
            return Wake::NOBODY;
        }
        op!(self.label, "notifies one");
        let to = Since(calls | by);
        let wake = if by == BY_LAST { queue.grant_last(to) } else { queue.grant(to) };
        if queue.is_empty() {
            self.set(calls);
        }
        wake
    }

    /// Sends off all who are in line.
    #[cold]
    #[inline(never)]
    pub(super) fn call_all(&self) {
        let mut called = false;
        in_batches(|wakes| {
            self.line.with(|queue| {
                if !called {
                    called = true;
                    op!(self.label, "notifies all");
                    // Nobody is in line any more.
                    if self.without_waiters(|state| state.wrapping_add(CALL)).is_ok() {
                        return false;
                    }
                    self.set(self.state.load(Relaxed).wrapping_add(CALL));
                }
                let state = self.state.load(Relaxed);
                let due = |since: Since| since.0 != state & CALLS || mutant!("newcomers are woken");
                let more = queue.grant_while(wakes, due);
                if queue.is_empty() && state & WAITERS != 0 {
                    self.set(state & CALLS);
                }
                more
            })
        });
    }
}

impl Turns for Notify {
    type Ask = Since;

    #[inline(always)]
    fn line(&self) -> &Line<Since> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, since: Since) -> Answer<Since> {
        loop {
            // ORDERING: Acquire pairs with the Releases in `without_waiters` and `set`, of
            // `notify_waiters`.
            let state = self.state.load(Acquire);
            if state & CALLS != since.0 {
                return Answer::Granted(since);
            }
            if state & PERMIT == 0 {
                return Answer::Wait;
            }
            // ORDERING: Acquire pairs with the Releases in `without_waiters` and `set`, of
            // `notify_one`: another may have come since the load.
            let next = state & !PERMIT;
            if self.state.compare_exchange_weak(state, next, Acquire, Relaxed).is_ok() {
                return Answer::Granted(Since(since.0 | BY_ONE));
            }
        }
    }

    fn admit(&self, since: Since, _: Place, _: &Queue<Since>) -> Answer<Since> {
        loop {
            let state = self.state.load(Relaxed);
            // RACE: 1. A finds nothing. 2. B notifies, finds nobody. 3. A lines up, and sleeps for
            //       ever. So A lines up only while the word says that there is nothing for it.
            let lines_up = state == since.0 | WAITERS
                || (state == since.0
                    && self
                        .state
                        .compare_exchange_weak(state, state | WAITERS, Relaxed, Relaxed)
                        .is_ok());
            if lines_up {
                return Answer::Wait;
            }
            if let Answer::Granted(by) = self.try_take(since) {
                return Answer::Granted(by);
            }
        }
    }

    /// A notification that was given to somebody who left goes on as it came.
    #[inline]
    fn give_back(&self, by: Since) {
        match by.0 & !CALLS {
            BY_ONE => self.notify_one(),
            BY_LAST => self.notify_last(),
            _ => {}
        }
    }

    fn left(&self, _: bool, _: &mut Queue<Since>, _: &mut WakeList) -> bool {
        false
    }

    #[inline(always)]
    fn is_due(&self, since: Since) -> bool {
        self.state.load(Relaxed) & CALLS != since.0 && !mutant!("some are due before others")
    }

    fn stepped_out(&self, _: Since, queue: &Queue<Since>) {
        if queue.is_empty() {
            self.set(self.state.load(Relaxed) & CALLS);
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Notify {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl Asks<Since> for Since {
    #[inline(always)]
    fn ask(self) -> Since {
        self
    }

    #[inline(always)]
    fn granted(since: Since) -> Self {
        since
    }
}
