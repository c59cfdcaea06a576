//! A value that is written once, and those who wait for it or for their turn to write it.
//!
//! [`Done`] is the value and who waits for it. [`Once`] adds the turn to make it: whoever has that
//! is alone, and hands it on when it fails.
//!
//! ```text
//!                turn taken                 fill
//!   EMPTY ────────────────────► BUSY ────────────────► SET
//!     ▲                          │ │                    ▲
//!     │ given back, nobody waits │ ╰──╮ given back:     │
//!     ╰──────────────────────────╯ ◄──╯ the next in     │ set: nobody has the turn
//!     │                              line has the turn  │
//!     ├─────────────────────────────────────────────────╯
//!     ╰──► ABANDONED: there will be no value
//! ```
//!
//! Invariants:
//! 1. `SET` and `ABANDONED` do not change any more, but by `&mut`.
//! 2. While `BUSY`, one turn is out, granted or about to be; nobody else changes the state.
//! 3. The value is there exactly while `SET`. Before, whoever has the turn, or the lock that `set`
//!    holds, is alone on it.
#![expect(unsafe_code, reason = "the value is written by whoever has the turn")]

use core::{
    cell::UnsafeCell,
    fmt,
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use super::{
    line::{Answer, Asks, Handle, Line, Place, Primitive, Queue, Turn, Turns},
    shim::{self, Cell, Label, Track, atomic::AtomicU8, const_in_build, mutant},
    signal::{Condition, Signal, collect, raise},
    wakers::{WakeList, in_batches},
};

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const SET: u8 = 2;
const ABANDONED: u8 = 3;

/// A value that is written once, and waited for.
// The value stands first, and stays there: to read it is to look at `state` and take the address.
#[repr(C)]
pub struct Done<T> {
    value: UnsafeCell<MaybeUninit<T>>,
    state: AtomicU8,
    track: Track,
    signal: Signal,
}

// SAFETY: the value is written by one thread, and dropped or taken by another (Send); once it is
// there it is read by all of them (Sync).
unsafe impl<T: Send + Sync> Sync for Done<T> {}
// A value is written whole or not at all.
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for Done<T> {}
impl<T: UnwindSafe> UnwindSafe for Done<T> {}

impl<T> Done<T> {
    const_in_build! {
        /// Without a value; `kind` is the name in a timeline.
        pub fn new(kind: &'static str) -> Self {
            Self {
                state: AtomicU8::new(EMPTY),
                track: Track::new(),
                signal: Signal::new(kind),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }
        }
    }

    const_in_build! {
        /// With a value.
        pub fn full(kind: &'static str, value: T) -> Self {
            Self {
                state: AtomicU8::new(SET),
                track: Track::new(),
                signal: Signal::new(kind),
                value: UnsafeCell::new(MaybeUninit::new(value)),
            }
        }
    }

    /// Whether there is a value.
    #[inline(always)]
    pub fn is_set(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `write`: with `SET` comes the value.
        self.state.load(Acquire) == SET
    }

    /// The value, if there is one.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn get(&self) -> Option<&T> {
        if !self.is_set() {
            return None;
        }
        let _reading = self.track.reading();
        // SAFETY: it is there (invariant 3), and `self` is borrowed.
        Some(unsafe { (*self.value.get()).assume_init_ref() })
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: as above; nobody else has `self`.
        self.is_set().then(|| unsafe { self.value.get_mut().assume_init_mut() })
    }

    /// Takes the value out: it may be written again.
    pub fn take(&mut self) -> Option<T> {
        if !self.is_set() {
            return None;
        }
        self.state.store(EMPTY, Relaxed);
        // SAFETY: it was there, and is given up by the line above.
        Some(unsafe { self.value.get_mut().assume_init_read() })
    }

    /// Writes the value, if it was not written or given up before.
    ///
    /// Not for the value of a [`Once`], which is written by whoever has the turn.
    ///
    /// # Errors
    ///
    /// The value.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.signal.with(|| {
            if self.state.load(Relaxed) != EMPTY && !mutant!("a cell is set twice") {
                return Err(value);
            }
            // SAFETY: those who set hold this lock, and there are no turns.
            unsafe { self.write(value) };
            Ok(())
        })?;
        raise(self);
        Ok(())
    }

    /// Gives up the value, if it was not written: whoever waits for it is refused.
    pub fn abandon(&self) {
        self.signal.with(|| {
            if self.state.load(Relaxed) == EMPTY {
                // ORDERING: Release pairs with the Acquire in `outcome`.
                self.state.store(ABANDONED, Release);
            }
        });
        raise(self);
    }

    /// What became of it, if that is known: a value, or none for good.
    pub fn outcome(&self) -> Option<Option<&T>> {
        // ORDERING: Acquire pairs with the Releases in `write` and `abandon`.
        match self.state.load(Acquire) {
            SET => {
                let _reading = self.track.reading();
                // SAFETY: it is there (invariant 3), and `self` is borrowed.
                Some(Some(unsafe { (*self.value.get()).assume_init_ref() }))
            }
            ABANDONED => Some(None),
            _ => None,
        }
    }

    /// How many wait for the value.
    pub fn waiters(&self) -> usize {
        self.signal.waiters()
    }

    /// # Safety
    ///
    /// The caller is alone on the value (invariant 3).
    unsafe fn write(&self, value: T) {
        {
            let _writing = self.track.writing();
            // SAFETY: forwarded to the caller.
            unsafe { (*self.value.get()).write(value) };
        }
        // ORDERING: Release pairs with the Acquires in `is_set` and `outcome`.
        self.state.store(SET, Release);
    }
}

impl<T> Condition for Done<T> {
    type Ask = ();

    fn signal(&self) -> &Signal {
        &self.signal
    }

    #[inline(always)]
    fn holds(&self, (): ()) -> Answer<()> {
        match self.state.load(Relaxed) {
            SET => Answer::Granted(()),
            ABANDONED => Answer::Refused,
            _ => Answer::Wait,
        }
    }
}

impl<T> Drop for Done<T> {
    fn drop(&mut self) {
        if !shim::doomed() {
            drop(self.take());
        }
    }
}

/// A value that is made by whoever has the turn to, with what the makers need for it in `work`.
// As in `Done`.
#[repr(C)]
pub struct Once<T, W = ()> {
    done: Done<T>,
    makers: Line<()>,
    work: Cell<W>,
    label: Label,
}

/// The turn to make the value.
#[derive(Clone, Copy, Debug)]
pub struct Make;

impl Asks<()> for Make {
    #[inline(always)]
    fn ask(self) {}

    #[inline(always)]
    fn granted((): ()) -> Self {
        Self
    }
}

impl<T, W> Once<T, W> {
    const_in_build! {
        /// Without a value.
        pub fn new(kind: &'static str, work: W) -> Self {
            Self {
                done: Done::new(kind),
                makers: Line::new(),
                work: Cell::new(work),
                label: Label::new(kind),
            }
        }
    }

    const_in_build! {
        /// With a value.
        pub fn full(kind: &'static str, value: T, work: W) -> Self {
            Self {
                done: Done::full(kind, value),
                makers: Line::new(),
                work: Cell::new(work),
                label: Label::new(kind),
            }
        }
    }

    /// The value, and who waits for it.
    #[inline(always)]
    pub fn done(&self) -> &Done<T> {
        &self.done
    }

    /// As [`done`](Self::done).
    pub fn done_mut(&mut self) -> &mut Done<T> {
        &mut self.done
    }

    /// How many wait for the turn to make the value.
    pub fn makers(&self) -> usize {
        self.makers.with(|queue| queue.len())
    }

    /// Whether somebody has the turn.
    pub fn is_busy(&self) -> bool {
        self.done.state.load(Relaxed) == BUSY
    }

    /// Writes the value, with the turn to do so.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn fill<H>(turn: Turn<H, Make>, value: T) -> H
    where
        H: Handle<Target: Primitive<Core = Self>>,
    {
        let handle = turn.into_handle();
        let this: &Self = handle.core();
        // SAFETY: the turn was the only one (invariant 2), and is used up.
        unsafe { this.done.write(value) };
        in_batches(|wakes| {
            if collect(&this.done, wakes) {
                return true;
            }
            this.makers.with(|queue| {
                while !queue.is_empty() {
                    if wakes.is_full() {
                        return true;
                    }
                    wakes.push(queue.refuse());
                    if mutant!("a value sends one maker away") {
                        return false;
                    }
                }
                false
            })
        });
        handle
    }

    /// Lends what the makers share to whoever has the turn.
    pub fn work<R>(turn: &mut Turn<&Self, Make>, f: impl FnOnce(&mut W) -> R) -> R {
        // SAFETY: there is one turn at a time (invariant 2), and it is borrowed.
        unsafe { turn.handle().work.with(f) }
    }
}

impl<T, W> Turns for Once<T, W> {
    type Ask = ();

    #[inline(always)]
    fn line(&self) -> &Line<()> {
        &self.makers
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    /// A value refuses the turn: there is nothing left to make.
    fn try_take(&self, (): ()) -> Answer<()> {
        // ORDERING: Acquire pairs with the Release in `give_back`: who takes over sees what was
        // done before.
        match self.done.state.compare_exchange(EMPTY, BUSY, Acquire, Relaxed) {
            Ok(_) => Answer::Granted(()),
            Err(BUSY) => Answer::Wait,
            Err(_) => Answer::Refused,
        }
    }

    fn admit(&self, (): (), _: Place, _: &Queue<()>) -> Answer<()> {
        // RACE: 1. A finds it busy. 2. B gives up or is done, and finds nobody in line. 3. A lines
        //       up, and sleeps for ever. So A looks again, with the line locked; B changes the
        //       state before it locks the line, or inside.
        if mutant!("a maker lines up without a second look") {
            return Answer::Wait;
        }
        self.try_take(())
    }

    #[cold]
    fn give_back(&self, (): ()) {
        let next = self.makers.with(|queue| {
            if queue.is_empty() {
                // ORDERING: Release pairs with the Acquire in `try_take`.
                self.done.state.store(EMPTY, Release);
            }
            queue.grant(())
        });
        if mutant!("nobody takes over") {
            return drop(next.0);
        }
        next.wake();
    }

    fn left(&self, _: bool, _: &mut Queue<()>, _: &mut WakeList) -> bool {
        false
    }
}

// SAFETY: it is its own.
unsafe impl<T> Primitive for Done<T> {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

// SAFETY: it is its own.
unsafe impl<T, W> Primitive for Once<T, W> {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

// Whoever panics inside gives the turn back, and leaves what the makers share to the next.
impl<T: RefUnwindSafe + UnwindSafe, W> RefUnwindSafe for Once<T, W> {}
impl<T: UnwindSafe, W> UnwindSafe for Once<T, W> {}

impl<T> fmt::Debug for Done<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}

impl<T, W> fmt::Debug for Once<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("done", &self.done).finish_non_exhaustive()
    }
}
