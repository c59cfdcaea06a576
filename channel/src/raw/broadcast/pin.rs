//! Reading a message: pinning it, and having read it. The picture and the invariants are in the head
//! of `raw/broadcast.rs`.
//!
//! Two steps on the slot's word, where nobody comes between: both are in the caller. Who has read a
//! message last, has something to tell, or was overtaken goes the long way, which is cold.

use alloc::boxed::Box;
use core::{
    mem::{self, MaybeUninit},
    ptr::NonNull,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use selvedge_sync::raw::shim::{doomed, mutant, relax};

use super::{ASIDE, BUSY, LEFT, MANY, PIN, PINS, Ring, Room, Slot, TAG, take};

/// A message that is being read; dropping it is having read it.
pub(crate) struct Pinned<'a, T> {
    ring: &'a Ring<T>,
    position: u64,
    room: NonNull<Room<T>>,
    /// The slot's word, as this pin left it.
    word: u64,
    /// Whether the message was moved out: it had nobody else to go to.
    is_taken: bool,
}

impl<T> Ring<T> {
    /// Begins to read the message of `position`, which was seen to be sent, for one that is counted
    /// among those left. Fails if it was overtaken, or if that takes longer:
    /// [`pin_slowly`](Self::pin_slowly) knows.
    #[inline(always)]
    pub(crate) fn pin(&self, position: u64) -> Option<Pinned<'_, T>> {
        let slot = self.slot(position);
        let mut word = slot.word.load(Relaxed);
        loop {
            if (word ^ position << TAG) & (u64::MAX << TAG | ASIDE | BUSY | MANY) != 0 {
                return None;
            }
            match self.try_pin(slot, word) {
                Ok(word) => {
                    let room = NonNull::from(&slot.room);
                    return Some(Pinned { ring: self, position, room, word, is_taken: false });
                }
                Err(now) => word = now,
            }
        }
    }

    /// As [`pin`](Self::pin), and fails only if it was overtaken.
    pub(crate) fn pin_slowly(&self, position: u64) -> Option<Pinned<'_, T>> {
        let slot = self.slot(position);
        let mut word = slot.word.load(Relaxed);
        let word = loop {
            if !self.is_of(word, position) {
                return None;
            }
            if word & MANY != 0 {
                relax();
                word = slot.word.load(Relaxed);
                continue;
            }
            match self.try_pin(slot, word) {
                Ok(word) => break word,
                Err(now) => word = now,
            }
        };
        let room =
            if word & ASIDE == 0 { NonNull::from(&slot.room) } else { self.room_aside(position) };
        Some(Pinned { ring: self, position, room, word, is_taken: false })
    }

    /// One pin more, if `word` is what is there; else what is.
    #[inline(always)]
    fn try_pin(&self, slot: &Slot<T>, word: u64) -> Result<u64, u64> {
        // ORDERING: Acquire pairs with the Release in `step_out`: who is the last one left takes the
        // message, and those that have read it are done.
        slot.word.compare_exchange_weak(word, word + PIN, Acquire, Relaxed).map(|word| word + PIN)
    }

    /// The room of a message that is on the heap.
    #[cold]
    #[inline(never)]
    fn room_aside(&self, position: u64) -> NonNull<Room<T>> {
        self.with_tail(|tail| {
            let mut all = tail.aside.iter();
            match all.find(|aside| aside.position == position).and_then(|aside| aside.node) {
                // SAFETY: a pin keeps its message where it is (2).
                Some(node) => NonNull::from(unsafe { &node.as_ref().room }),
                None => unreachable!("a message that is aside has an entry (invariant 2)"),
            }
        })
    }
}

/// Whether the one pin in `word` is the last one left.
#[inline(always)]
const fn is_last(word: u64) -> bool {
    word & (PINS | LEFT) == PIN | 1
}

impl<T> Pinned<'_, T> {
    /// The message itself, if nobody else has to read it; else a copy.
    #[inline(always)]
    pub(crate) fn read(&mut self) -> T
    where
        T: Clone,
    {
        debug_assert!(!self.is_taken, "a pin reads once");
        if is_last(self.word) {
            self.is_taken = true;
            // SAFETY: this is the last pin, so the message is ours (4), and there until we took it.
            return unsafe { take(self.room.as_ref()) };
        }
        // SAFETY: it was written before it was seen to be sent.
        let copy = |message: &MaybeUninit<T>| unsafe { message.assume_init_ref() }.clone();
        // SAFETY: pinned, so nobody writes (2).
        unsafe { self.room.as_ref().with_ref(copy) }
    }

    /// Has read it, if that is all that there is to do. Else it is to be dropped, which may run other
    /// people's code.
    #[inline(always)]
    pub(crate) fn leave(self) -> Result<(), Self> {
        let is_told = self.is_taken && (self.word & ASIDE != 0 || self.ring.room.is_some());
        if is_told || self.step_out(self.word).is_err() {
            return Err(self);
        }
        mem::forget(self);
        Ok(())
    }

    /// One pin less, and one less that is left, if `word` is what is there; else what is.
    #[inline(always)]
    fn step_out(&self, word: u64) -> Result<u64, u64> {
        let slot = self.ring.slot(self.position);
        // ORDERING: Release pairs with the Acquires in `write`, `try_pin` and `take_late`: we are done
        // with the message.
        slot.word.compare_exchange_weak(word, word - PIN - 1, Release, Relaxed)
    }

    /// Takes the message out for one that is the last one left, by now.
    fn take_late(&mut self) -> Option<T> {
        // ORDERING: Acquire pairs with the Release in `step_out`: those that have read it are done.
        let word = self.ring.slot(self.position).word.load(Acquire);
        if self.is_taken || !self.ring.is_of(word, self.position) || !is_last(word) {
            return None;
        }
        self.is_taken = true;
        // SAFETY: this is the last pin, so the message is ours (4), and there until we took it.
        Some(unsafe { take(self.room.as_ref()) })
    }

    /// The end of a pin whose message was overtaken: the message, if it is the last one.
    #[cold]
    #[inline(never)]
    fn leave_overtaken(&mut self) -> Option<T> {
        self.ring.with_tail(|tail| {
            let mut all = tail.aside.iter_mut();
            let Some(aside) = all.find(|aside| aside.position == self.position) else {
                unreachable!("a message with pins that was overtaken has an entry (invariant 2)")
            };
            aside.pins -= 1;
            if aside.pins > 0 {
                return None;
            }
            // SAFETY: the last pin has the message for itself (2), and it is there until taken.
            let message = (!self.is_taken).then(|| unsafe { take(self.room.as_ref()) });
            if let Some(node) = tail.remove(self.position).node {
                // SAFETY: it came from a box, and this was the last pin (2).
                drop(unsafe { Box::from_raw(node.as_ptr()) });
            }
            message
        })
    }

    /// Frees the room of a message that everybody has read.
    #[cold]
    #[inline(never)]
    fn free_aside(&self) {
        let aside = self.ring.with_tail(|tail| {
            // A sender that has overtaken it since knows that it is gone, and forgets the entry.
            tail.remove(self.position)
        });
        if let Some(node) = aside.node {
            // SAFETY: it came from a box, and everybody has read it.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}

impl<T> Drop for Pinned<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        // Whoever reads it last takes it out; it goes when its room is free.
        let mut _rest = None;
        let slot = self.ring.slot(self.position);
        let mut word = slot.word.load(Relaxed);
        loop {
            if !self.ring.is_of(word, self.position) {
                _rest = self.leave_overtaken();
                return;
            }
            if is_last(word) && !self.is_taken {
                _rest = self.take_late();
            }
            match self.step_out(word) {
                Ok(_) if is_last(word) => break,
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        if word & ASIDE != 0 {
            self.free_aside();
        }
        if let Some(room) = self.ring.room.as_ref() {
            if !mutant!("broadcast: room that was made is not told") {
                room.add_permits(1);
            }
        }
    }
}
