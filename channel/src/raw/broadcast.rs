//! A ring of messages that many read, each for itself.
//!
//! A slot's word says who has still to read its message, and who is reading it now:
//!
//! ```text
//!   63             32   31      30     29   28      20 19              0
//! ┌──────────────────┬───────┬──────┬────────────────┬─────────────────┐
//! │       tag        │ ASIDE │ BUSY │ MANY    pins   │      left       │
//! └──────────────────┴───────┴──────┴────────────────┴─────────────────┘
//! ```
//!
//! | `BUSY` | `pins` | `left` | meaning                                                     |
//! |:------:|:------:|:------:|-------------------------------------------------------------|
//! |   0    |   0    |   0    | everybody has read it: the slot has no message              |
//! |   0    |   0    |   n    | n have not read it yet                                      |
//! |   0    |   m    |   n    | m of these n read it now                                    |
//! |   0    |   m    |  < m   | never: a pin is one of those that are left                  |
//! |   1    |   0    |   –    | a sender, who holds the tail, is writing the next message   |
//!
//! The tag is the low half of the message's position. `MANY` is the highest bit of the pins: nobody
//! pins while it is set.
//!
//! A sender does not wait for those that read: if the message that it overtakes has pins, it leaves
//! the slot's room to them, notes that with the tail, and puts its own message aside, on the heap.
//! The word says so (`ASIDE`), in the same step in which a reader pins. All that happens only if a
//! receiver is a whole ring behind and in the middle of a `Clone`.
//!
//! Invariants:
//! 1. Slots are written, and `aside` is changed, with the tail locked only.
//! 2. A message with pins stays where it is. It is in the slot, or there is an entry in `aside`: for
//!    one that is on the heap from the start, for one in a slot from when it is overtaken. The last
//!    pin takes the message out, and the entry.
//! 3. A slot is written while no entry says that it is read still.
//! 4. The one pin that is the last one left (`pins` and `left` are 1) has the message for itself:
//!    nobody else can come, and a sender leaves it where it is (2).
//!
//! The tag comes round after 4 thousand million messages. So a receiver first counts how far behind it
//! is, and the tag only has to tell whether it was overtaken between that and its step on the word.
#![expect(unsafe_code, reason = "messages are read while others go by them")]

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    mem::MaybeUninit,
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    sync::atomic::Ordering::{Acquire, Relaxed},
};

use selvedge_sync::{
    Semaphore,
    raw::shim::{Brief, Cell, Heap, atomic::AtomicU64, doomed, mutant},
};

mod pin;

pub(crate) use self::pin::Pinned;

const LEFT: u64 = (1 << 20) - 1;
const PIN: u64 = 1 << 20;
const PINS: u64 = ((1 << 10) - 1) << 20;
const MANY: u64 = 1 << 29;
const BUSY: u64 = 1 << 30;
const ASIDE: u64 = 1 << 31;
const TAG: u32 = 32;

/// How many messages a ring may have room for: fewer than there are tags.
pub(crate) const MAX_SIZE: usize = 1 << 31;

/// How many may have to read a message.
pub(crate) const MAX_LEFT: usize = LEFT as usize;

/// Where a message lies.
type Room<T> = Cell<MaybeUninit<T>>;

struct Slot<T> {
    word: AtomicU64,
    room: Room<T>,
}

/// A room on the heap.
struct Node<T> {
    room: Room<T>,
    _heap: Heap,
}

/// The ring.
pub(crate) struct Ring<T> {
    slots: Box<[Slot<T>]>,
    tail: Brief<Tail<T>>,
    /// A permit for each message that may be sent before others are read by all; if senders wait.
    room: Option<Semaphore>,
}

/// What senders change, one at a time.
pub(crate) struct Tail<T> {
    /// How many read what is sent from now on.
    pub(crate) readers: usize,
    /// How many hold the ring open, and read nothing.
    pub(crate) idle: usize,
    aside: Vec<Aside<T>>,
}

/// A message that is not in its slot, or that is there in spite of the slot's word.
struct Aside<T> {
    position: u64,
    /// None for one that was overtaken in its slot.
    node: Option<NonNull<Node<T>>>,
    /// How many read it, once it was overtaken.
    pins: u64,
}

// SAFETY: messages pass from thread to thread, and several threads look at one at a time.
unsafe impl<T: Send + Sync> Send for Ring<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Ring<T> {}
// SAFETY: a node is a message, which goes with whoever comes last.
unsafe impl<T: Send + Sync> Send for Aside<T> {}

// A clone or a drop that panics leaves every count whole; messages are whole or not there.
impl<T> UnwindSafe for Ring<T> {}
impl<T> RefUnwindSafe for Ring<T> {}

/// Moves a message out.
///
/// # Safety
///
/// It is there, nobody else touches its room, and it counts as gone from now on.
unsafe fn take<T>(room: &Room<T>) -> T {
    // SAFETY: promised by the caller.
    let take = |message: &mut MaybeUninit<T>| unsafe { message.assume_init_read() };
    // SAFETY: as above.
    unsafe { room.with(take) }
}

impl<T> Tail<T> {
    /// Takes the entry of `position` out.
    fn remove(&mut self, position: u64) -> Aside<T> {
        match self.aside.iter().position(|aside| aside.position == position) {
            Some(at) => self.aside.swap_remove(at),
            None => unreachable!("a message that is aside has an entry (invariant 2)"),
        }
    }
}

impl<T> Ring<T> {
    /// A ring for `size` messages, a power of two, and with `room` for so many that not all have
    /// read, if there is a limit.
    pub(crate) fn new(size: usize, room: Option<usize>) -> Self {
        assert!(size.is_power_of_two() && size <= MAX_SIZE, "positions are masked, and tagged");
        let slot = || Slot {
            word: AtomicU64::new(u64::MAX << TAG),
            room: Cell::new(MaybeUninit::uninit()),
        };
        let slots = (0..size).map(|_| slot()).collect();
        let tail = Brief::new(Tail { readers: 0, idle: 0, aside: Vec::new() });
        Self { slots, tail, room: room.map(Semaphore::new) }
    }

    /// The room, if there is a limit: who sends takes a permit and forgets it.
    #[inline(always)]
    pub(crate) const fn room(&self) -> Option<&Semaphore> {
        self.room.as_ref()
    }

    /// How many messages it has room for.
    #[inline(always)]
    pub(crate) const fn size(&self) -> u64 {
        self.slots.len() as u64
    }

    #[inline(always)]
    fn slot(&self, position: u64) -> &Slot<T> {
        // SAFETY: the length is a power of two, and not 0: the mask keeps the index inside.
        unsafe { self.slots.get_unchecked((position & (self.size() - 1)) as usize) }
    }

    /// Whether `word` is that of `position`, and not being written.
    #[inline(always)]
    fn is_of(&self, word: u64, position: u64) -> bool {
        (word ^ position << TAG) & (u64::MAX << TAG | BUSY) == 0
    }

    /// Runs `f` with the tail locked: one sender at a time.
    #[inline]
    pub(crate) fn with_tail<R>(&self, f: impl FnOnce(&mut Tail<T>) -> R) -> R {
        self.tail.with(f)
    }

    /// Writes the message of `position`, for all `tail.readers`. What it displaces, if that was
    /// neither read by all nor being read.
    #[inline(always)]
    pub(crate) fn write(&self, tail: &mut Tail<T>, position: u64, message: T) -> Option<T> {
        let slot = self.slot(position);
        let mut word = slot.word.load(Relaxed);
        loop {
            let busy = (word & !PINS) | BUSY;
            // ORDERING: Acquire pairs with the Release in `Pinned::step_out`: those that have read
            // the message are done with its room.
            match slot.word.compare_exchange_weak(word, busy, Acquire, Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & (ASIDE | PINS) != 0 || !tail.aside.is_empty() {
            return self.write_aside(tail, position, word, message);
        }
        // SAFETY: it is there, as some have not read it, and without pins ours (2).
        let displaced = (word & LEFT != 0).then(|| unsafe { take(&slot.room) });
        // SAFETY: without pins and entries the room is the sender's (2, 3).
        unsafe { slot.room.with(|room| _ = room.write(message)) };
        // Relaxed: the message comes along with the gate's number, without which nobody looks.
        slot.word.store(position << TAG | tail.readers as u64, Relaxed);
        displaced
    }

    /// As [`write`](Self::write), where the message that is overtaken is being read, or is aside.
    #[cold]
    #[inline(never)]
    fn write_aside(&self, tail: &mut Tail<T>, position: u64, word: u64, message: T) -> Option<T> {
        let slot = self.slot(position);
        let old = position.wrapping_sub(self.size());
        let pins = (word & PINS) / PIN;
        let mut displaced = None;
        if pins > 0 {
            match tail.aside.iter_mut().find(|aside| aside.position == old) {
                Some(aside) => aside.pins = pins,
                None => tail.aside.push(Aside { position: old, node: None, pins }),
            }
        } else if word & LEFT != 0 {
            displaced = Some(if word & ASIDE == 0 {
                // SAFETY: some have not read it, so it is there, and without pins ours (2).
                unsafe { take(&slot.room) }
            } else {
                self.take_aside(tail, old)
            });
        }
        let mut others = tail.aside.iter().filter(|aside| aside.node.is_none());
        let is_read = others.any(|aside| core::ptr::eq(self.slot(aside.position), slot));
        let mut next = position << TAG | tail.readers as u64;
        if is_read && !mutant!("broadcast: a message that is read is written over") {
            let room = Cell::new(MaybeUninit::new(message));
            let node = Some(NonNull::from(Box::leak(Box::new(Node { room, _heap: Heap::new() }))));
            tail.aside.push(Aside { position, node, pins: 0 });
            next |= ASIDE;
        } else {
            // SAFETY: nobody reads what is there (3), and it was taken out above.
            unsafe { slot.room.with(|room| _ = room.write(message)) };
        }
        slot.word.store(next, Relaxed);
        displaced
    }

    /// Takes the message of `position` out, which is on the heap and has no pins.
    fn take_aside(&self, tail: &mut Tail<T>, position: u64) -> T {
        match tail.remove(position).node {
            Some(node) => {
                // SAFETY: it came from a box, and nobody reads it (2).
                let node = unsafe { Box::from_raw(node.as_ptr()) };
                // SAFETY: it is there: nobody was the last to read it.
                unsafe { take(&node.room) }
            }
            None => unreachable!("its word said that it was aside"),
        }
    }

    /// How many of the last messages some have not read.
    pub(crate) fn unread(&self, end: u64) -> u64 {
        // Messages are read by all in the order in which they were sent.
        let (mut low, mut high) = (end.saturating_sub(self.size()), end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.is_unread(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        end - low
    }

    /// Whether some have not read the message of `position`.
    pub(crate) fn is_unread(&self, position: u64) -> bool {
        let word = self.slot(position).word.load(Relaxed);
        self.is_of(word, position) && word & LEFT != 0
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        for slot in &self.slots {
            let word = slot.word.load(Relaxed);
            if word & LEFT != 0 && word & ASIDE == 0 {
                // SAFETY: some have not read it, so it is there; the ring is ours.
                drop(unsafe { take(&slot.room) });
            }
        }
        // What is aside was not read by all, or its entry would have gone; nobody reads now.
        while let Some(position) = self.with_tail(|tail| Some(tail.aside.first()?.position)) {
            drop(self.with_tail(|tail| self.take_aside(tail, position)));
        }
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("size", &self.size()).finish_non_exhaustive()
    }
}
