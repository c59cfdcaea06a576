//! All of a mutex but its value: one word and a line.
//!
//! # State
//!
//! One word, changed by whoever gets there first. The line behind it ([`Line`]) has a lock of its
//! own.
//!
//! ```text
//!   31                       3        2         1         0
//! ┌───────────────────────────┬──────────┬──────────┬──────────┐
//! │         overtaken         │  CALLED  │ WAITERS  │  LOCKED  │
//! └───────────────────────────┴──────────┴──────────┴──────────┘
//! ```
//!
//! | `CALLED` | `WAITERS` | `LOCKED` | meaning                                                     |
//! |:--------:|:---------:|:--------:|-------------------------------------------------------------|
//! |    0     |     0     |    0     | free                                                        |
//! |    0     |     0     |    1     | held, nobody in line                                        |
//! |    0     |     1     |    1     | held; the next release calls the head, or hands over        |
//! |    1     |     1     |    0     | free; the head has been called and has not looked yet       |
//! |    1     |     1     |    1     | held by somebody who overtook the called head               |
//! |    0     |     1     |    0     | never: a release with waiters calls the head or hands over  |
//! |    1     |     0     |    –     | never: who is called is in line                             |
//!
//! `overtaken` counts, since a waiter last got the mutex, who took it past the line, and the times
//! that the called head looked in vain. Once it reaches the mutex's patience, the next release
//! *hands over*: `LOCKED` stays, and is the head's.
//!
//! Invariants:
//! 1. `WAITERS` is set exactly while somebody is in line, and changes with the line locked only.
//! 2. `CALLED` is set exactly while the head's node is `CALLED`, and changes with the line locked
//!    only.
//! 3. `LOCKED` is cleared only by the holder, and while it is set and the line is locked nobody but
//!    the holder changes the word.
//! 4. While the mutex is free, `overtaken` is below the patience, or 0.

use core::{
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use crate::raw::{
    guard::{Lending, mode},
    line::{Answer, Line, Place, Primitive, Queue, Turns},
    shim::{Label, Track, atomic::AtomicU32, const_in_build, mutant, op},
    wakers::{Wake, WakeList},
};

const LOCKED: u32 = 0b001;
const WAITERS: u32 = 0b010;
const CALLED: u32 = 0b100;
/// One overtaking.
const ONE: u32 = 0b1000;

/// How often a line may be overtaken in a row before the mutex is handed to its head. In a model
/// twice, so that it comes to that.
///
/// Measured with 8, 16, 32, 64 and 128: 64 is some 6 to 9 % faster than 32 for short critical
/// sections on two workers, and level with an await inside; at 128 the longest wait more than
/// doubles. Eight was clearly slower.
pub(super) const PATIENCE: u32 = if cfg!(selvedge_loom) { 2 } else { 32 };
/// What a look in vain counts, in overtakings: after four of them the head is owed the mutex.
const IN_VAIN: u32 = PATIENCE.div_ceil(4);

/// All of a mutex but its value.
pub struct Core {
    state: AtomicU32,
    /// How often the line may be overtaken in a row: [`PATIENCE`], or 0.
    patience: u32,
    line: Line<()>,
    track: Track,
    label: Label,
}

mode! {
    /// The one way to hold a mutex.
    Alone: Writing writing true, () => ()
}

impl Core {
    const_in_build! {
        /// Free; the line may be overtaken `patience` times in a row.
        pub(super) fn new(patience: u32) -> Self {
            Self {
                state: AtomicU32::new(0),
                patience,
                line: Line::new(),
                track: Track::new(),
                label: Label::new("mutex"),
            }
        }
    }

    /// Whether it is held, and how many wait.
    pub(super) fn look(&self) -> (bool, usize) {
        self.line.with(|queue| (self.state.load(Relaxed) & LOCKED != 0, queue.len()))
    }

    /// Whether somebody who is not called may take the mutex now.
    #[inline]
    fn is_open(&self, state: u32) -> bool {
        state & LOCKED == 0 && (state & WAITERS == 0 || state / ONE < self.patience)
    }

    /// The state after somebody who is not called has taken the mutex.
    #[inline]
    fn overtaken(state: u32) -> u32 {
        if state & WAITERS == 0 { state | LOCKED } else { (state | LOCKED) + ONE }
    }

    /// Takes a free mutex past the line.
    #[cold]
    #[inline(never)]
    fn overtake(&self) -> Answer<()> {
        let mut state = self.state.load(Relaxed);
        while self.is_open(state) {
            // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
            match self.state.compare_exchange_weak(state, Self::overtaken(state), Acquire, Relaxed)
            {
                Ok(_) => return Answer::Granted(()),
                Err(now) => state = now,
            }
        }
        Answer::Wait
    }

    /// Gives the mutex back when somebody is, or was, in line.
    #[cold]
    #[inline(never)]
    fn release(&self) {
        let mut state = self.state.load(Relaxed);
        // Nobody to call: the line is empty, or its head is called and owed nothing yet.
        while state & WAITERS == 0 || (state & CALLED != 0 && state / ONE < self.patience) {
            // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`.
            match self.state.compare_exchange_weak(state, state & !LOCKED, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        self.line.with(|queue| self.pass_on(queue)).wake();
    }

    /// Hands the mutex over, or opens it and calls the head.
    fn pass_on(&self, queue: &mut Queue<()>) -> Wake {
        // Nobody else changes the word from here on (invariant 3).
        let state = self.state.load(Relaxed);
        let (next, wake) = if queue.is_empty() {
            (0, Wake::NOBODY)
        } else if state / ONE >= self.patience {
            op!(self.label, "hands over");
            let wake = queue.grant(());
            (LOCKED | if queue.is_empty() { 0 } else { WAITERS }, wake)
        } else if state & CALLED != 0 {
            (state & !LOCKED, Wake::NOBODY)
        } else {
            op!(self.label, "calls the head");
            ((state & !LOCKED) | CALLED, queue.call())
        };
        // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`. A hand
        // over is ordered by the node it goes to.
        self.state.store(next, Release);
        wake
    }
}

impl Turns for Core {
    type Ask = ();

    #[inline(always)]
    fn line(&self) -> &Line<()> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, (): ()) -> Answer<()> {
        // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
        match self.state.compare_exchange(0, LOCKED, Acquire, Relaxed) {
            Ok(_) => Answer::Granted(()),
            Err(_) => self.overtake(),
        }
    }

    fn admit(&self, (): (), place: Place, queue: &Queue<()>) -> Answer<()> {
        let mut state = self.state.load(Relaxed);
        loop {
            let (next, answer) = match place {
                Place::New if self.is_open(state) => (Self::overtaken(state), Answer::Granted(())),
                // RACE: 1. A finds the mutex held. 2. B gives it back, sees no waiters. 3. A lines
                //       up, and sleeps for ever. So A notes itself while `LOCKED` is still set.
                Place::New => (state | WAITERS, Answer::Wait),
                Place::Called if state & LOCKED == 0 => {
                    let waiters = if queue.has_second() { WAITERS } else { 0 };
                    (LOCKED | waiters, Answer::Granted(()))
                }
                Place::Called => ((state & !CALLED) + IN_VAIN * ONE, Answer::Wait),
            };
            // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
            match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => return answer,
                Err(now) => state = now,
            }
        }
    }

    #[inline(always)]
    fn give_back(&self, (): ()) {
        // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`.
        if self.state.compare_exchange(LOCKED, 0, Release, Relaxed).is_err() {
            self.release();
        }
    }

    fn left(&self, called: bool, queue: &mut Queue<()>, wakes: &mut WakeList) -> bool {
        let mut state = self.state.load(Relaxed);
        loop {
            // Whoever was called and leaves passes the call on, if the mutex is still free. If not,
            // its holder calls the new head.
            let free = state & LOCKED == 0;
            let next = match called {
                _ if queue.is_empty() => state & LOCKED,
                true if !free => state & !CALLED,
                _ => state,
            };
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) if called && free && !mutant!("a call is not passed on") => {
                    wakes.push(queue.call());
                    return false;
                }
                Ok(_) => return false,
                Err(now) => state = now,
            }
        }
    }
}

impl Lending for Core {
    #[inline(always)]
    fn track(&self) -> &Track {
        &self.track
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Core {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("state", &self.state.load(Relaxed)).finish_non_exhaustive()
    }
}
