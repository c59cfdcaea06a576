//! All of a readers-writer lock but its value: one word and a line.
//!
//! # State
//!
//! One word; what a turn costs is a number that is added to it and subtracted again. The line
//! behind it ([`Line`]) has a lock of its own.
//!
//! ```text
//!           6 bits        1         1          1            1       29 bits, or 22 of 32
//! ┌────────┬───────────┬────────┬─────────┬────────────┬────────┬─────────────────────┐
//! │ unused │ overtaken │ CALLED │ WAITERS │ UPGRADABLE │ WRITER │       readers       │
//! └────────┴───────────┴────────┴─────────┴────────────┴────────┴─────────────────────┘
//! ```
//!
//! | `WRITER` | `UPGRADABLE` | readers | meaning                                              |
//! |:--------:|:------------:|:-------:|------------------------------------------------------|
//! |    0     |      0       |    0    | free                                                 |
//! |    0     |      0       |    n    | n readers                                            |
//! |    0     |      1       |    n    | n readers, one of whom may upgrade                   |
//! |    1     |      0       |    0    | a writer                                             |
//! |    0     |      1       |    0    | never: who may upgrade is a reader                   |
//! |    1     |      1 or    |    n    | never: a writer is alone                             |
//!
//! `CALLED` and `overtaken` are a mutex's: a lock that is free while somebody waits may be taken
//! past the line, a bounded number of times. Here a whole run at the head is called, as far as
//! they go in together.
//!
//! Whoever is called and looks *in vain* tells that the lock is held across an `.await`: with short
//! critical sections that hardly ever happens, on two workers too. Then it is handed over for a
//! while, in order: each overtaking would cost a wake-up, and gain nothing.
//!
//! Who gives a turn back subtracts first and then looks after the line ([`Core::released`]), so
//! there are moments at which the lock is free, somebody waits, and nobody is called yet.
//!
//! Invariants:
//! 1. `WAITERS` is set exactly while somebody is in line, and changes with the line locked only.
//! 2. While the line is unlocked, and no batch of wake-ups is to follow, `CALLED` is set exactly while the head's node is `CALLED`.
//! 3. While the line is unlocked, its head cannot go in, or is called, or whoever gave back the
//!    turn that made room is about to lock the line.
//! 4. Who waits for an upgrade is the head, and alone in that: there is one `UPGRADABLE`.

use core::{
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use crate::raw::{
    guard::{Lending, mode},
    line::{Answer, Line, Place, Primitive, Queue, Turns},
    shim::{
        Label, Track,
        atomic::{AtomicU8, AtomicUsize},
        const_in_build, mutant, op,
    },
    wakers::{WakeList, in_batches},
};

const READER_BITS: u32 = if usize::BITS == 32 { 22 } else { 29 };
/// All readers.
const READERS: usize = (1 << READER_BITS) - 1;
const WRITER: usize = 1 << READER_BITS;
const UPGRADABLE: usize = 2 << READER_BITS;
const WAITERS: usize = 4 << READER_BITS;
const CALLED: usize = 8 << READER_BITS;
/// One overtaking.
const ONE: usize = 16 << READER_BITS;
/// Who has a turn.
const HELD: usize = READERS | WRITER | UPGRADABLE;

/// How many readers there can be.
#[expect(clippy::cast_possible_truncation, reason = "at most 29 bits")]
pub(super) const MAX_READERS: u32 = READERS as u32;

/// What whoever asks for more is told.
pub(super) const TOO_MANY_READERS: &str = if usize::BITS == 32 {
    "a RwLock may not be created with more than 4194303 readers"
} else {
    "a RwLock may not be created with more than 536870911 readers"
};

/// How often a line may be overtaken in a row before its head is handed the lock. In a model
/// three times: so that it comes to that, and not at the first look in vain.
pub(super) const PATIENCE: u8 = if cfg!(selvedge_loom) { 3 } else { 32 };
/// How often, after a look in vain, the lock is handed over before the next call: eight tasks on
/// one thread, a tenth of the operations writes, take 375 instructions an operation with 8, 325 with
/// 16, 285 with 32, and 275 if the lock is never called for.
const ORDERLY: u8 = if cfg!(selvedge_loom) { 1 } else { 32 };

/// All of a lock but its value.
pub struct Core {
    state: AtomicUsize,
    /// How many readers there may be.
    most: u32,
    /// How often the line may be overtaken in a row: [`PATIENCE`], or 0.
    patience: u8,
    /// How often the lock is to be handed over still where the head would be called. Changes with
    /// the line locked only.
    orderly: AtomicU8,
    line: Line<Ask>,
    track: Track,
    label: Label,
}

/// A kind of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Beside other readers.
    Read,
    /// Beside other readers, but not beside another of these.
    Upgradable,
    /// Alone.
    Write,
    /// Alone, for one who has [`Upgradable`](Self::Upgradable), and goes back to it.
    Upgrade,
}

mode! {
    /// Reads.
    Reads: Reading reading false, Ask::Read => Ask
}
mode! {
    /// Reads, and may come to write.
    MayUpgrade: Reading reading false, Ask::Upgradable => Ask
}
mode! {
    /// Writes.
    Writes: Writing writing true, Ask::Write => Ask
}
mode! {
    /// Writes, in place of one that [`MayUpgrade`].
    Upgrades: Writing writing true, Ask::Upgrade => Ask
}

impl Ask {
    /// What its turn adds to the word.
    #[inline(always)]
    const fn price(self) -> usize {
        match self {
            Self::Read => 1,
            Self::Upgradable => 1 + UPGRADABLE,
            Self::Write => WRITER,
            Self::Upgrade => WRITER.wrapping_sub(1 + UPGRADABLE),
        }
    }
}

impl Core {
    const_in_build! {
        /// Free, for `most` readers; the line may be overtaken `patience` times in a row.
        pub(super) fn new(most: u32, patience: u8) -> Self {
            Self {
                state: AtomicUsize::new(0),
                most,
                patience,
                orderly: AtomicU8::new(0),
                line: Line::new(),
                track: Track::new(),
                label: Label::new("rwlock"),
            }
        }
    }

    /// How many read, whether one of them may upgrade, whether somebody writes, how many wait.
    pub(super) fn look(&self) -> (usize, bool, bool, usize) {
        self.line.with(|queue| {
            let state = self.state.load(Relaxed);
            (state & READERS, state & UPGRADABLE != 0, state & WRITER != 0, queue.len())
        })
    }

    /// Whether there is room for one who asks, whoever waits.
    #[inline(always)]
    fn fits(&self, state: usize, ask: Ask) -> bool {
        match ask {
            Ask::Read => state & WRITER == 0 && state & READERS < self.most as usize,
            Ask::Upgradable => state & UPGRADABLE == 0 && self.fits(state, Ask::Read),
            Ask::Write => state & HELD == 0,
            Ask::Upgrade => state & HELD == Ask::Upgradable.price(),
        }
    }

    /// Whether the head of the line is to be handed the lock.
    #[inline(always)]
    fn is_owed(&self, state: usize) -> bool {
        state / ONE >= usize::from(self.patience)
    }

    /// Whether one who has just come may go in: past a line only if the lock is free, but for one
    /// who upgrades and stands in front of it.
    #[inline(always)]
    fn is_open(&self, state: usize, ask: Ask) -> bool {
        let past_the_line = state & HELD == 0 && !self.is_owed(state);
        self.fits(state, ask) && (state & WAITERS == 0 || past_the_line || ask == Ask::Upgrade)
    }

    /// The state after one who has just come went in.
    #[inline(always)]
    fn entered(state: usize, ask: Ask) -> usize {
        let overtakes = state & WAITERS != 0 && ask != Ask::Upgrade;
        state.wrapping_add(ask.price()) + if overtakes { ONE } else { 0 }
    }

    /// Goes in where the first try did not do.
    #[cold]
    #[inline(never)]
    fn enter(&self, ask: Ask) -> Answer<Ask> {
        let mut state = self.state.load(Relaxed);
        while self.is_open(state, ask) {
            let next = Self::entered(state, ask);
            // ORDERING: Acquire pairs with the Releases in `give_back` and `exchange`.
            match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => return Answer::Granted(ask),
                Err(now) => state = now,
            }
        }
        Answer::Wait
    }

    /// Turns one turn into another that lets at least as many others in.
    pub(super) fn exchange(&self, from: Ask, to: Ask) {
        let less = from.price().wrapping_sub(to.price());
        // ORDERING: Release pairs with the Acquires in `try_take`, `enter`, `admit` and `serve`.
        let before = self.state.fetch_sub(less, Release);
        op!(self.label, "downgraded");
        if before & WAITERS != 0 && !mutant!("a downgrade lets nobody in") {
            self.released(before.wrapping_sub(less), from);
        }
    }

    /// A turn was given back, and left the lock in `state` with somebody in line.
    #[cold]
    #[inline(never)]
    fn released(&self, state: usize, ask: Ask) {
        let readers = state & READERS;
        // Whoever is called looks, and looks after those behind.
        let called = state & CALLED != 0 && !self.is_owed(state);
        // Nobody gets in for one reader less.
        let upgrades = state & UPGRADABLE != 0 && !mutant!("an upgrade waits for no last reader");
        let last = if upgrades { 1 } else { 0 };
        let was_full = readers + 1 >= self.most as usize && !mutant!("room for a reader is lost");
        let in_vain = ask == Ask::Read && readers > last && !was_full;
        if !called && !in_vain {
            in_batches(|wakes| self.line.with(|queue| self.serve(queue, wakes)));
        }
    }

    /// Hands the lock to those at the head of the line, or calls them, as far as they go in
    /// together, and notes who stands in line. Whether there are more than `wakes` has room for.
    fn serve(&self, queue: &mut Queue<Ask>, wakes: &mut WakeList) -> bool {
        let mut handed = false;
        let mut more = false;
        let orderly = self.orderly.load(Relaxed);
        let mut state = self.state.load(Relaxed);
        loop {
            let next = match queue.first() {
                None => state & HELD,
                Some(ask) => {
                    let goes = self.fits(state, ask);
                    if goes && (orderly > 0 || self.is_owed(state) || ask == Ask::Upgrade) {
                        if wakes.is_full() {
                            return true;
                        }
                        let next = state.wrapping_add(ask.price());
                        // ORDERING: Acquire pairs with the Releases in `give_back` and `exchange`:
                        // whoever is granted sees what all did that gave back, not the last alone.
                        match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                            Ok(_) => {
                                op!(self.label, "hands over");
                                wakes.push(queue.grant(ask));
                                if !handed && orderly > 0 {
                                    self.orderly.store(orderly - 1, Relaxed);
                                }
                                handed = true;
                                state = next;
                            }
                            Err(now) => state = now,
                        }
                        continue;
                    }
                    if goes {
                        op!(self.label, "calls");
                        let mut room = state;
                        more = queue.call_while(
                            |ask| {
                                let goes = self.fits(room, ask);
                                room = room.wrapping_add(ask.price());
                                goes
                            },
                            wakes,
                        );
                    }
                    let called = if queue.is_called() { CALLED } else { 0 };
                    let overtaken = match handed {
                        // What does not fit a batch is handed the lock: that takes no second walk
                        // past those who are called already.
                        _ if more => usize::from(self.patience) * ONE,
                        true => 0,
                        false => state / ONE * ONE,
                    };
                    (state & HELD) | WAITERS | called | overtaken
                }
            };
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) => return more,
                Err(now) => state = now,
            }
        }
    }
}

impl Turns for Core {
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
        let state = match ask {
            Ask::Read => self.state.load(Relaxed),
            Ask::Write => 0,
            Ask::Upgradable | Ask::Upgrade => return self.enter(ask),
        };
        // Below `most` nobody writes, nobody waits and nobody may upgrade: one compare for all.
        if state >= self.most as usize {
            return self.enter(ask);
        }
        // ORDERING: Acquire pairs with the Releases in `give_back` and `exchange`.
        match self.state.compare_exchange(state, state + ask.price(), Acquire, Relaxed) {
            Ok(_) => Answer::Granted(ask),
            Err(_) => self.enter(ask),
        }
    }

    #[inline(always)]
    fn goes_first(ask: Ask) -> bool {
        ask == Ask::Upgrade
    }

    fn admit(&self, ask: Ask, place: Place, _: &Queue<Ask>) -> Answer<Ask> {
        let mut state = self.state.load(Relaxed);
        loop {
            let (next, answer) = match place {
                Place::New if self.is_open(state, ask) => {
                    (Self::entered(state, ask), Answer::Granted(ask))
                }
                // RACE: 1. A finds the lock held. 2. B gives it back, sees no waiters. 3. A lines
                //       up, and sleeps for ever. So A notes itself while B's turn is in the word.
                Place::New if ask == Ask::Upgrade => ((state | WAITERS) & !CALLED, Answer::Wait),
                Place::New => (state | WAITERS, Answer::Wait),
                // `looked` sees to the rest of the word.
                Place::Called if self.fits(state, ask) => {
                    (state % ONE + ask.price(), Answer::Granted(ask))
                }
                Place::Called => (state, Answer::Wait),
            };
            // ORDERING: Acquire pairs with the Releases in `give_back` and `exchange`.
            match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => {
                    if place == Place::Called && answer == Answer::Wait {
                        self.orderly.store(ORDERLY, Relaxed);
                    }
                    return answer;
                }
                Err(now) => state = now,
            }
        }
    }

    #[inline(always)]
    fn give_back(&self, ask: Ask) {
        // ORDERING: Release pairs with the Acquires in `try_take`, `enter`, `admit` and `serve`.
        let before = self.state.fetch_sub(ask.price(), Release);
        if before & WAITERS != 0 {
            self.released(before.wrapping_sub(ask.price()), ask);
        }
    }

    fn looked(&self, queue: &mut Queue<Ask>, wakes: &mut WakeList) -> bool {
        !mutant!("who looked leaves the line to itself") && self.serve(queue, wakes)
    }

    fn left(&self, _: bool, queue: &mut Queue<Ask>, wakes: &mut WakeList) -> bool {
        !mutant!("who leaves lets no reader in") && self.serve(queue, wakes)
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
