//! Those who wait on one side of a queue: senders for places, receivers for values.
//!
//! What they wait for are *units*. A unit that turns up is nobody's: whoever runs may take it. The
//! first in line is *called*, which takes it out of line to look for itself; who finds nothing goes
//! back to where it stood. So that nobody is overtaken for ever, who has looked in vain
//! [`PATIENCE`] times, or asks for more than one unit, is *strict*: at the head of the line it bars
//! newcomers, and units are *held* for it before it is called.
//!
//! ```text
//!                        ╭──────────────────────────────╮ looked in vain
//!                        ▼                              │
//!  newcomer ─────► in line (`WAITING`) ──► called (`GRANTED`) ──► taken
//!     │                  │        │
//!     ╰──► taken         │        ╰──► units held for it (`GRANTED`) ──► taken
//!                        ╰──► sent away (`REFUSED`)
//! ```
//!
//! Invariants, whenever the lock around the side is free:
//! 1. `called` counts those who were called, hold nothing, and have not looked yet.
//! 2. `held` counts the units that are held, by waiters and by permits.
//! 3. If somebody is in line, there are fewer units than the called, and then the head, ask for.
#![expect(unsafe_code, reason = "a waiter's value is reached by pointer")]

use core::{marker::PhantomPinned, pin::Pin, ptr::NonNull, task::Waker};

use selvedge_sync::raw::{
    list::{List, Slot, State as Stand},
    shim::{self, Cell},
    wakers::Wake,
};

/// How often a waiter looks in vain before newcomers are barred: as for the default mutex.
const PATIENCE: u8 = 4;

/// What a waiter asks for, and what it was given.
pub(crate) struct Ask<T> {
    units: usize,
    /// When it came, by the channel's clock.
    since: u32,
    /// How often it has looked in vain.
    looks: u8,
    given: Given,
    /// The value of a send that a receiver may take from its hands.
    cargo: Option<NonNull<Cell<Option<T>>>>,
}

/// What a called waiter was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// A call.
    Call,
    /// The units it asked for.
    Units,
    /// All it wanted: its value was taken from its hands.
    Done,
}

impl<T> Clone for Ask<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ask<T> {}

// SAFETY: the pointer leads to a value that whoever holds the lock may move to another thread.
unsafe impl<T: Send> Send for Ask<T> {}

impl<T> Ask<T> {
    pub(crate) const fn units(units: usize) -> Self {
        Self { units, since: 0, looks: 0, given: Given::Call, cargo: None }
    }

    /// For one unit, or, in a rendezvous, for somebody who takes the cargo.
    pub(crate) fn with_cargo(cargo: Pin<&mut Cargo<T>>) -> Self {
        Self { cargo: Some(NonNull::from(&cargo.value)), ..Self::units(1) }
    }

    /// Whether it was called, and given nothing else.
    #[inline]
    pub(super) fn is_called(self) -> bool {
        self.given == Given::Call
    }

    /// Whether nothing is left to be done for it.
    #[inline]
    pub(super) fn is_done(self) -> bool {
        self.given == Given::Done
    }

    fn is_strict(self) -> bool {
        self.units > 1 || self.looks >= PATIENCE
    }
}

/// A place in line, inside of a future.
pub(crate) type Seat<T> = Slot<Ask<T>>;

/// The value of a send, while it waits.
pub(crate) struct Cargo<T> {
    value: Cell<Option<T>>,
    _pin: PhantomPinned,
}

impl<T> Cargo<T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Self { value: Cell::new(Some(value)), _pin: PhantomPinned }
    }

    /// Takes the value, if nobody has.
    ///
    /// # Safety
    ///
    /// Its send stands in no line, or the lock around it is held.
    #[inline(always)]
    pub(crate) unsafe fn take(self: Pin<&mut Self>) -> Option<T> {
        // SAFETY: promised by the caller; only whoever holds the lock follows the pointer.
        unsafe { self.value.with(Option::take) }
    }

    /// Puts the value back.
    ///
    /// # Safety
    ///
    /// As for [`take`](Self::take).
    #[inline(always)]
    pub(crate) unsafe fn put(self: Pin<&mut Self>, value: T) {
        // SAFETY: promised by the caller.
        unsafe { self.value.with(|place| *place = Some(value)) }
    }
}

/// How a waiter comes to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// It does not stand in line.
    Newcomer,
    /// It was called.
    Called,
    /// It holds what it asked for.
    Holder,
    /// Nothing is left to be done.
    Done,
    /// It was sent away.
    Refused,
}

/// One side.
pub(crate) struct Side<T> {
    pub(super) line: List<Ask<T>>,
    pub(crate) held: usize,
    pub(crate) waiting: u32,
    pub(crate) called: u32,
}

impl<T> Side<T> {
    pub(crate) const fn new() -> Self {
        Self { line: List::new(), held: 0, waiting: 0, called: 0 }
    }

    /// Whether nobody is in line.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// How many are in line, or called and hold nothing.
    pub(crate) fn count(&self) -> usize {
        self.waiting as usize + self.called as usize
    }

    /// Whether newcomers have to wait, whatever there is.
    #[inline]
    pub(crate) fn is_barred(&self) -> bool {
        self.line.first().is_some_and(Ask::is_strict)
    }

    /// Whether the head is to be called, as there are `units` that nobody holds.
    #[inline]
    pub(crate) fn is_due(&self, units: usize) -> bool {
        let due = units.saturating_sub(self.called as usize);
        self.line.first().is_some_and(|head| head.units <= due)
    }

    /// Calls the head, if it is due. Wake it once the lock is free.
    #[inline]
    pub(crate) fn serve(&mut self, units: usize) -> Wake {
        if self.is_due(units) { self.call() } else { Wake::NOBODY }
    }

    /// Calls the head, come what may. Wake it once the lock is free.
    pub(crate) fn call(&mut self) -> Wake {
        let Some(head) = self.line.first() else { return Wake::NOBODY };
        if head.is_strict() {
            self.held += head.units;
            self.line.set_first(Ask { given: Given::Units, ..head });
        } else {
            self.called += 1;
        }
        self.waiting -= 1;
        self.line.pop_front(Stand::Granted)
    }

    /// Sends the head away. Wake it once the lock is free.
    pub(crate) fn refuse(&mut self) -> Wake {
        self.waiting -= u32::from(!self.line.is_empty());
        self.line.pop_front(Stand::Refused)
    }

    /// Takes the value out of the hands of the head. Wake it once the lock is free.
    pub(crate) fn take_cargo(&mut self) -> Option<(T, Wake)> {
        let head = self.line.first()?;
        // SAFETY: the head is in line, so its future is alive and pinned, and its value is touched
        // with the lock held only, which whoever has the side holds.
        let value = unsafe { head.cargo?.as_ref().with(Option::take) }?;
        self.line.set_first(Ask { given: Given::Done, ..head });
        self.waiting -= 1;
        Some((value, self.line.pop_front(Stand::Granted)))
    }

    /// A newcomer goes to the end of the line, at the time `now`.
    #[inline]
    pub(crate) fn stand(
        &mut self,
        mut slot: Pin<&mut Seat<T>>,
        ask: Ask<T>,
        waker: Waker,
        now: u32,
    ) {
        slot.as_mut().fill(Ask { since: now, ..ask }, waker);
        self.waiting += 1;
        // SAFETY: filled above; its future takes it out before it goes (`leave`).
        unsafe { self.line.push_back(slot) }
    }

    /// How somebody comes to look who has stood in line. To be followed by [`back`](Self::back), or
    /// by [`done`].
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in no other line.
    #[inline]
    pub(crate) unsafe fn looks(&mut self, mut slot: Pin<&mut Seat<T>>) -> Option<By> {
        // SAFETY: promised by the caller.
        match unsafe { slot.as_mut().state() } {
            Stand::Waiting | Stand::Called => None,
            Stand::Refused => Some(By::Refused),
            // SAFETY: as above; a granted node is in no list.
            Stand::Granted => Some(match unsafe { slot.value() }.given {
                Given::Call => {
                    self.called -= 1;
                    By::Called
                }
                Given::Units => By::Holder,
                Given::Done => By::Done,
            }),
        }
    }

    /// Takes a look back: it is to be done again.
    pub(crate) fn unlooked(&mut self, by: By) {
        self.called += u32::from(by == By::Called);
    }

    /// Who has looked in vain goes back to where it stood.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in no line.
    pub(crate) unsafe fn back(&mut self, mut slot: Pin<&mut Seat<T>>, waker: Waker) {
        // SAFETY: promised by the caller.
        let ask = unsafe { slot.as_mut().value() };
        let since = ask.since;
        let looks = if shim::mutant!("who looks in vain stays patient") {
            0
        } else {
            ask.looks.saturating_add(1)
        };
        self.waiting += 1;
        let later = |other: Ask<T>| {
            other.since.wrapping_sub(since) < u32::MAX / 2
                && !shim::mutant!("who looks in vain goes to the end")
        };
        // SAFETY: promised by the caller; its future takes it out before it goes (`leave`).
        unsafe { self.line.put_back(slot, Ask { looks, given: Given::Call, ..ask }, waker, later) }
    }

    /// Leaves `waker` with somebody who waits on. Hands out the one it replaces.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in this line.
    pub(crate) unsafe fn rest(&mut self, slot: Pin<&mut Seat<T>>, waker: Waker) -> Option<Waker> {
        if shim::mutant!("a channel's waker is not replaced") {
            return Some(waker);
        }
        // SAFETY: promised by the caller.
        unsafe { self.line.rest(slot, waker) }
    }

    /// Takes a waiter out that goes, with all that it was given: those behind it may be due now.
    /// Hands out its waker.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in no other line.
    pub(crate) unsafe fn leave(&mut self, mut slot: Pin<&mut Seat<T>>) -> Option<Waker> {
        // SAFETY: promised by the caller.
        match unsafe { slot.as_mut().state() } {
            Stand::Waiting | Stand::Called => {
                self.waiting -= 1;
                // SAFETY: taken, and in line.
                unsafe { self.line.unlink(slot.as_mut()) }
            }
            Stand::Refused => {}
            Stand::Granted if shim::mutant!("a call is not passed on") => {}
            // SAFETY: taken, and a granted node is in no list.
            Stand::Granted => match unsafe { slot.as_mut().value() } {
                Ask { given: Given::Call, .. } => self.called -= 1,
                Ask { given: Given::Units, units, .. } => self.held -= units,
                Ask { given: Given::Done, .. } => {}
            },
        }
        // SAFETY: taken, and out of line by now.
        unsafe { slot.clear() }
    }
}
