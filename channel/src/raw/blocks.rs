//! A queue of values in linked blocks.
//!
//! ```text
//! ╭──────────────┬──────╮  next  ╭──────────────┬──────╮  next  ╭──────────┬──────╮
//! │ – – – │ a │ b│ foot ├───────►│ c │ d │   │  │ foot ├───────►│          │ foot │
//! ╰─────────▲───▲┴──────╯        ╰─────────▲────▲──────╯        ╰──────────┴──────╯
//!         head stop                      tail  end                  a spare one
//! ```
//!
//! Nothing is allocated before the first value, and nothing is moved by growing. Neither a block
//! that is needed nor one that is no longer needed is the queue's affair: it asks for the one
//! ([`supply`](Blocks::supply)) and hands out the other ([`Spent`]), so that the lock around it is
//! not held while memory is allocated.
//!
//! Invariants:
//! 1. `len` values are initialised: from `head` on to the end of the first block, all of the blocks
//!    between, and of the last one all up to `tail`. In a single block, those from `head` to `tail`.
//! 2. `stop` is the last slot of the first block, and `end` is behind the last slot of the last one:
//!    where they are, the feet of the blocks are found. Without a block all four are null. `head` is
//!    no further than `stop`, and `tail` no further than `end`.
//! 3. Behind the last block there is at most one more, with no value in it.
//! 4. Values without a size are counted by `len`, and take no block.
#![expect(unsafe_code, reason = "values live in memory that is managed by hand")]

use alloc::vec::Vec;
use core::{
    fmt, mem,
    ptr::{self, NonNull},
};

pub(crate) use self::block::Block;
use self::block::Foot;

mod block;

/// The slots of the first block, if that many are to be had at all.
const FEW: usize = 8;
/// A block is no larger than this, unless few values are.
const BYTES: usize = 4096;

/// Room for a block that is no longer needed, on its way out of a lock.
pub(crate) type Spent<T> = Option<Block<T>>;

/// The queue.
pub(crate) struct Blocks<T> {
    head: *mut T,
    stop: *mut T,
    tail: *mut T,
    end: *mut T,
    len: usize,
}

// SAFETY: it owns its values.
unsafe impl<T: Send> Send for Blocks<T> {}

impl<T> Blocks<T> {
    /// Whether values have no size.
    const NO_SIZE: bool = mem::size_of::<T>() == 0;

    pub(crate) const fn new() -> Self {
        let slot = ptr::null_mut();
        Self { head: slot, stop: slot, tail: slot, end: slot, len: 0 }
    }

    /// The foot of the first block; null without one.
    #[inline(always)]
    fn first(&self) -> *mut Foot<T> {
        if self.stop.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: behind `stop` the slots of the first block end (2).
        unsafe { Block::foot(self.stop.add(1)) }
    }

    /// The foot of the last block; null without one.
    #[inline(always)]
    fn last(&self) -> *mut Foot<T> {
        // SAFETY: at `end` the slots of the last block end (2).
        unsafe { Block::foot(self.end) }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether a value can be [pushed](Self::push): there is a slot.
    #[inline(always)]
    pub(crate) fn has_room(&self) -> bool {
        Self::NO_SIZE || self.tail != self.end
    }

    /// Adds a value at the end.
    ///
    /// # Panics
    ///
    /// Panics without [room](Self::has_room).
    #[inline(always)]
    pub(crate) fn push(&mut self, value: T) {
        assert!(self.has_room(), "there is room");
        self.len += 1;
        if Self::NO_SIZE {
            return mem::forget(value);
        }
        // SAFETY: `tail` leads to a free slot, as there is room (2).
        unsafe {
            self.tail.write(value);
            self.tail = self.tail.add(1);
        }
    }

    /// Whether [`pop_here`](Self::pop_here) is to be had.
    #[inline(always)]
    pub(crate) fn has_more_here(&self) -> bool {
        Self::NO_SIZE || self.head != self.stop
    }

    /// Takes the first value, which is not the last one of its block.
    ///
    /// # Panics
    ///
    /// Panics if it is, or if there is none.
    #[inline(always)]
    pub(crate) fn pop_here(&mut self) -> T {
        assert!(self.len != 0 && self.has_more_here(), "there is a value, and a slot behind it");
        self.len -= 1;
        if Self::NO_SIZE {
            // SAFETY: a value without a size is nowhere, and there is one that was pushed (4).
            return unsafe { NonNull::dangling().read() };
        }
        // SAFETY: the first value is at `head` (1).
        unsafe {
            let value = self.head.read();
            self.head = self.head.add(1);
            value
        }
    }

    /// Takes the first value. A block that is used up then, and not worth keeping, is handed out.
    #[inline(always)]
    pub(crate) fn pop(&mut self, spent: &mut Spent<T>) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        if self.has_more_here() {
            return Some(self.pop_here());
        }
        self.len -= 1;
        // SAFETY: the first value is at `head` (1).
        let value = unsafe { self.head.read() };
        // SAFETY: `stop` is the last slot of a block, so a slot ends behind it.
        if unsafe { self.stop.add(1) } == self.end {
            // It was the last one of all: its block begins anew.
            // SAFETY: the block is alive.
            let slots = unsafe { (*self.last()).slots };
            (self.head, self.tail) = (slots, slots);
        } else {
            let (used, last) = (self.first(), self.last());
            // SAFETY: a block that is not the last has one behind it, which is alive and holds
            // values from its first slot on (1).
            unsafe {
                let next = (*used).next;
                (self.head, self.stop) = ((*next).slots, Block::last_slot(next));
            }
            // SAFETY: the last block is alive.
            let spare = unsafe { &mut (*last).next };
            if spare.is_null() {
                // SAFETY: it is alive, and out of the chain.
                unsafe { (*used).next = ptr::null_mut() };
                *spare = used;
            } else {
                debug_assert!(spent.is_none(), "one at a time");
                // SAFETY: it came from a block, is out of the chain, and not null.
                *spent = Some(Block(unsafe { NonNull::new_unchecked(used) }));
            }
        }
        Some(value)
    }

    /// Moves up to `most` of the first values behind those in `buffer`: as many as it has room for,
    /// and no more than a block is used up by. How many it were.
    pub(crate) fn pop_into(
        &mut self,
        buffer: &mut Vec<T>,
        most: usize,
        spent: &mut Spent<T>,
    ) -> usize {
        let most = most.min(self.len).min(buffer.capacity() - buffer.len());
        if most == 0 {
            return 0;
        }
        let here = if Self::NO_SIZE {
            most
        } else {
            // SAFETY: both are in the first block, in this order (2).
            usize::try_from(unsafe { self.stop.offset_from(self.head) }).expect("it is in order")
        };
        let run = most.min(here);
        // SAFETY: the first values are at `head`, up to the end of their block (1, 2), and the
        // buffer has room for so many. They are moved, once.
        unsafe {
            let end = buffer.as_mut_ptr().add(buffer.len());
            end.copy_from_nonoverlapping(self.head, run);
            buffer.set_len(buffer.len() + run);
            self.head = self.head.add(run);
        }
        self.len -= run;
        if run == most {
            return run;
        }
        buffer.extend(self.pop(spent));
        run + 1
    }

    /// Puts a value back that was the first, for which `block` may be needed.
    pub(crate) fn put_back(&mut self, value: T, block: &mut Option<Block<T>>) {
        if self.len == 0 {
            assert!(self.supply(block), "a block was brought along");
            return self.push(value);
        }
        self.len += 1;
        if Self::NO_SIZE {
            return mem::forget(value);
        }
        let first = self.first();
        // SAFETY: there is a value, and so a first block, which is alive.
        if self.head != unsafe { (*first).slots } {
            // SAFETY: `head` is not at the first slot of its block (2).
            self.head = unsafe { self.head.sub(1) };
        } else {
            let block = block.take().expect("a block was brought along");
            let block = mem::ManuallyDrop::new(block).0.as_ptr();
            // SAFETY: it is alive, and in no chain.
            unsafe {
                (*block).next = first;
                self.stop = Block::last_slot(block);
            }
            self.head = self.stop;
        }
        // SAFETY: `head` leads to a free slot.
        unsafe { self.head.write(value) };
    }

    /// A block for a queue that has no [room](Self::has_room): [`supply`](Self::supply) takes it.
    pub(crate) fn block(slots: usize) -> Block<T> {
        Block::new(slots)
    }

    /// How large the next block is to be, in a queue of at most `most` values.
    pub(crate) fn next_slots(&self, most: usize) -> usize {
        let largest = (BYTES / mem::size_of::<T>().max(1)).clamp(FEW, BYTES);
        let wanted = match self.last() {
            last if last.is_null() => FEW,
            // SAFETY: the last block is alive.
            last => unsafe { Block::count(last) * 2 },
        };
        wanted.min(largest).min(most).max(1)
    }

    /// Makes room, by a spare block or by `block`; whether there is room now.
    pub(crate) fn supply(&mut self, block: &mut Option<Block<T>>) -> bool {
        if self.has_room() {
            return true;
        }
        let last = self.last();
        // SAFETY: the last block is alive, if there is one.
        let spare = if last.is_null() { last } else { unsafe { (*last).next } };
        let next = if spare.is_null() {
            let Some(block) = block.take() else { return false };
            mem::ManuallyDrop::new(block).0.as_ptr()
        } else {
            spare
        };
        // SAFETY: both are alive; what is supplied has none behind it. Its slots end behind the last.
        unsafe {
            let stop = Block::last_slot(next);
            (self.tail, self.end) = ((*next).slots, stop.add(1));
            if last.is_null() {
                (self.head, self.stop) = (self.tail, stop);
            } else {
                (*last).next = next;
            }
        }
        true
    }
}

impl<T> Drop for Blocks<T> {
    /// Goes on behind a value whose drop panics.
    fn drop(&mut self) {
        struct Rest<'a, T>(&'a mut Blocks<T>);

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                let mut next = self.0.first();
                if self.0.len != 0 {
                    // Only a second panic leads here, which aborts: the values are forgotten.
                    return;
                }
                while let Some(block) = NonNull::new(next) {
                    // SAFETY: it is alive until the drop below.
                    next = unsafe { block.as_ref().next };
                    drop(Block(block));
                }
            }
        }

        let rest = Rest(self);
        drop_all(rest.0);
    }
}

/// Drops every value; goes on behind one whose drop panics, and passes the panic on.
fn drop_all<T>(queue: &mut Blocks<T>) {
    struct Others<'a, T>(&'a mut Blocks<T>);

    impl<T> Others<'_, T> {
        fn drop_each(&mut self) {
            let mut spent = None;
            while let Some(value) = self.0.pop(&mut spent) {
                drop(spent.take());
                drop(value);
            }
        }
    }

    impl<T> Drop for Others<'_, T> {
        fn drop(&mut self) {
            while self.0.len != 0 {
                #[cfg(feature = "std")]
                // A second panic would abort. The first one is on its way to the caller.
                drop(std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| self.drop_each())));
                #[cfg(not(feature = "std"))]
                self.drop_each();
            }
        }
    }

    let mut others = Others(queue);
    others.drop_each();
}

impl<T> fmt::Debug for Blocks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(selvedge_loom)))]
mod tests {
    //! Here, for they must see when a block is asked for and handed out.

    use alloc::{collections::VecDeque, rc::Rc};

    use super::{BYTES, Blocks};

    fn push<T>(queue: &mut Blocks<T>, value: T) -> usize {
        let mut blocks = 0;
        let mut block = None;
        while !queue.supply(&mut block) {
            blocks += 1;
            block = Some(Blocks::block(queue.next_slots(usize::MAX)));
        }
        assert!(block.is_none());
        queue.push(value);
        blocks
    }

    /// Ups and downs of every length, held against the standard library's queue.
    #[test]
    fn it_is_a_queue() {
        let (mut queue, mut model) = (Blocks::new(), VecDeque::new());
        let mut next = 0_u32;
        for round in 0..200_u32 {
            for _ in 0..(round * 37) % 90 {
                push(&mut queue, next);
                model.push_back(next);
                next += 1;
            }
            for _ in 0..(round * 53) % 95 {
                assert_eq!(queue.pop(&mut None), model.pop_front());
                assert_eq!(queue.len(), model.len());
            }
        }
    }

    #[test]
    fn what_is_put_back_comes_first() {
        for taken in 1..30 {
            for rest in 0..30 {
                let mut queue = Blocks::new();
                for value in 0..taken + rest {
                    push(&mut queue, value);
                }
                for value in 0..taken {
                    assert_eq!(queue.pop(&mut None), Some(value));
                }
                for value in (0..taken).rev() {
                    queue.put_back(value, &mut Some(Blocks::block(1)));
                }
                for value in 0..taken + rest {
                    assert_eq!(queue.pop(&mut None), Some(value));
                }
                assert_eq!(queue.pop(&mut None), None);
            }
        }
    }

    #[test]
    fn what_goes_up_comes_down() {
        let mut queue = Blocks::new();
        let asked: usize = (0..1_000_000).map(|value| push(&mut queue, value)).sum();
        let mut spent = 0;
        for value in 0..1_000_000 {
            let mut block = None;
            assert_eq!(queue.pop(&mut block), Some(value));
            spent += usize::from(block.is_some());
        }
        assert_eq!((queue.pop(&mut None), asked - spent), (None, 2), "the last, and one spare");
        assert!((1..=4 * BYTES).contains(&(1_000_000 * 4 / asked)));
    }

    #[test]
    fn a_steady_state_asks_for_nothing() {
        let mut queue = Blocks::new();
        for round in 0..200 {
            let asked: usize = (0..100).map(|value| push(&mut queue, value)).sum();
            assert!(asked == 0 || round < 50, "{asked} blocks in round {round}");
            for value in 0..100 {
                assert_eq!(queue.pop(&mut None), Some(value));
            }
        }
    }

    #[test]
    fn values_without_a_size_and_large_ones() {
        let (mut empty, mut large) = (Blocks::new(), Blocks::new());
        for _ in 0..10_000 {
            push(&mut empty, ());
            push(&mut large, [7_u8; 5000]);
        }
        for _ in 0..10_000 {
            assert!(empty.pop(&mut None).is_some());
            assert_eq!(large.pop(&mut None).map(|value| value[4999]), Some(7));
        }
        assert!(empty.pop(&mut None).is_none() && large.pop(&mut None).is_none());
    }

    #[test]
    fn a_queue_that_goes_drops_what_is_in_it() {
        let token = Rc::new(());
        let mut queue = Blocks::new();
        for _ in 0..1000 {
            push(&mut queue, token.clone());
        }
        for _ in 0..300 {
            drop(queue.pop(&mut None));
        }
        assert_eq!(Rc::strong_count(&token), 701);
        drop(queue);
        assert_eq!(Rc::strong_count(&token), 1);
    }
}
