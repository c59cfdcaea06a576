//! Reading a message: pinning it, and having read it. The picture and the invariants are in the head of
//! `raw/broadcast.rs`.

use alloc::boxed::Box;
use core::{
    mem::MaybeUninit,
    ptr::NonNull,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use selvedge_sync::raw::shim::{doomed, mutant, relax};

use super::{ASIDE, LEFT, PIN, PINS, Ring, Room, take};

/// A message that is being read; dropping it is having read it.
pub(crate) struct Pinned<'a, T> {
    ring: &'a Ring<T>,
    position: u64,
    room: NonNull<Room<T>>,
    /// Whether the message was moved out: it had nobody else to go to.
    is_taken: bool,
}

impl<T> Ring<T> {
    /// Begins to read the message of `position`, which was seen to be sent, for one that is counted
    /// among those left; fails if it was overtaken.
    #[inline(always)]
    pub(crate) fn pin(&self, position: u64) -> Option<Pinned<'_, T>> {
        let slot = self.slot(position);
        let mut word = slot.word.load(Relaxed);
        loop {
            if !self.is_of(word, position) {
                return None;
            }
            if word & PINS == PINS {
                relax();
                word = slot.word.load(Relaxed);
                continue;
            }
            match slot.word.compare_exchange_weak(word, word + PIN, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let room =
            if word & ASIDE == 0 { NonNull::from(&slot.room) } else { self.room_aside(position) };
        Some(Pinned { ring: self, position, room, is_taken: false })
    }

    /// The room of a message that is on the heap.
    #[cold]
    #[inline(never)]
    fn room_aside(&self, position: u64) -> NonNull<Room<T>> {
        self.tail.with(|tail| {
            let mut all = tail.aside.iter();
            match all.find(|aside| aside.position == position).and_then(|aside| aside.node) {
                // SAFETY: a pin keeps its message where it is (2).
                Some(node) => NonNull::from(unsafe { &node.as_ref().room }),
                None => unreachable!("a message that is aside has an entry (invariant 2)"),
            }
        })
    }
}

impl<T> Pinned<'_, T> {
    /// Takes the message out, if nobody else has to read it.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<T> {
        // ORDERING: Acquire pairs with the Release in `drop`: those that have read it are done.
        let word = self.ring.slot(self.position).word.load(Acquire);
        let is_last = self.ring.is_of(word, self.position) && word & (PINS | LEFT) == PIN | 1;
        if !is_last || self.is_taken {
            return None;
        }
        self.is_taken = true;
        // SAFETY: this is the last pin, so the message is ours (4), and there until we took it.
        Some(unsafe { take(self.room.as_ref()) })
    }

    /// A copy of the message.
    #[inline(always)]
    pub(crate) fn copy(&self) -> T
    where
        T: Clone,
    {
        debug_assert!(!self.is_taken, "it has gone to whoever took it");
        // SAFETY: it was written before it was seen to be sent.
        let copy = |message: &MaybeUninit<T>| unsafe { message.assume_init_ref() }.clone();
        // SAFETY: pinned, so nobody writes (2).
        unsafe { self.room.as_ref().with_ref(copy) }
    }

    /// The end of a pin whose message was overtaken: the message, if it is the last one.
    #[cold]
    #[inline(never)]
    fn leave_overtaken(&mut self) -> Option<T> {
        self.ring.tail.with(|tail| {
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
        let aside = self.ring.tail.with(|tail| {
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
    #[inline(always)]
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        // Whoever reads it last takes it out; it goes when its room is free.
        let mut _rest = self.take();
        let slot = self.ring.slot(self.position);
        let mut word = slot.word.load(Relaxed);
        loop {
            if !self.ring.is_of(word, self.position) {
                if let Some(message) = self.leave_overtaken() {
                    _rest = Some(message);
                }
                return;
            }
            let next = word - PIN - 1;
            let is_last = next & (PINS | LEFT) == 0;
            if is_last && !self.is_taken {
                // The others have gone since we looked.
                _rest = self.take();
            }
            // ORDERING: Release pairs with the Acquires in `write` and `take`: we are done with it.
            match slot.word.compare_exchange_weak(word, next, Release, Relaxed) {
                Ok(_) if is_last => break,
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
