//! A queue of values in linked blocks.
//!
//! ```text
//!  first                       last                  spare
//! ╭──────────────────╮  next  ╭──────────────────╮  next  ╭──────────╮
//! │ – – – │ a │ b │ c├───────►│ d │ e │   │   │  ├───────►│          │
//! ╰─────────▲────────╯        ╰─────────▲────────╯        ╰──────────╯
//!         head, `left` to go           tail, `room` for more
//! ```
//!
//! Nothing is allocated before the first value, and nothing is moved by growing. Neither a block
//! that is needed nor one that is no longer needed is the queue's affair: it asks for the one
//! ([`supply`](Blocks::supply)) and hands out the other ([`Spent`]), so that the lock around it is
//! not held while memory is allocated.
//!
//! Invariants:
//! 1. `len` values are initialised: from `head` on to the end of `first`, all of the blocks between,
//!    and of `last` all up to `tail`. If `first` is `last`, those from `head` up to `tail`.
//! 2. `left` counts the slots from `head` to the end of `first`, and is 0 only without a block.
//!    `room` counts those from `tail` to the end of `last`.
//! 3. Behind `last` there is at most one block, with no value in it.
#![expect(unsafe_code, reason = "values live in memory that is managed by hand")]

use alloc::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    vec::Vec,
};
use core::{
    fmt,
    marker::PhantomData,
    mem,
    ptr::{self, NonNull},
};

/// The slots of the first block, if that many are to be had at all.
const FEW: usize = 8;
/// A block is no larger than this, unless few values are.
const BYTES: usize = 4096;

struct Head {
    next: *mut Head,
    slots: u32,
}

/// A block without values.
pub(crate) struct Block<T>(NonNull<Head>, PhantomData<T>);

impl<T> Block<T> {
    fn layout(slots: usize) -> (Layout, usize) {
        let values = Layout::array::<T>(slots).expect("a block has a few kilobytes, or few values");
        Layout::new::<Head>().extend(values).expect("as above")
    }

    fn new(slots: usize) -> Self {
        let (layout, _) = Self::layout(slots);
        // SAFETY: a block has a head, so its size is not 0.
        let Some(head) = NonNull::new(unsafe { alloc(layout) }.cast::<Head>()) else {
            handle_alloc_error(layout)
        };
        let slots = u32::try_from(slots).expect("a block has a few kilobytes, or few values");
        // SAFETY: it was allocated for a head and the slots behind it.
        unsafe { head.write(Head { next: ptr::null_mut(), slots }) };
        Self(head, PhantomData)
    }

    /// How many slots the block behind a head has, and where they begin.
    ///
    /// # Safety
    ///
    /// It is the head of a living block.
    #[inline]
    unsafe fn slots(head: *mut Head) -> (*mut T, u32) {
        let offset = Self::layout(0).1;
        // SAFETY: promised by the caller; the slots are of the same allocation.
        unsafe { (head.byte_add(offset).cast(), (*head).slots) }
    }
}

impl<T> Drop for Block<T> {
    fn drop(&mut self) {
        // SAFETY: a block is owned by one value of this type, and so is its memory.
        unsafe {
            let (layout, _) = Self::layout((*self.0.as_ptr()).slots as usize);
            dealloc(self.0.as_ptr().cast(), layout);
        }
    }
}

/// Room for a block that is no longer needed, on its way out of a lock.
pub(crate) type Spent<T> = Option<Block<T>>;

/// The queue.
pub(crate) struct Blocks<T> {
    head: *mut T,
    tail: *mut T,
    first: *mut Head,
    last: *mut Head,
    left: u32,
    room: u32,
    len: usize,
}

// SAFETY: it owns its values.
unsafe impl<T: Send> Send for Blocks<T> {}

impl<T> Blocks<T> {
    pub(crate) const fn new() -> Self {
        let (head, first) = (ptr::null_mut(), ptr::null_mut());
        Self { head, tail: head, first, last: first, left: 0, room: 0, len: 0 }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether a value can be [pushed](Self::push): there is a slot.
    #[inline(always)]
    pub(crate) fn has_room(&self) -> bool {
        self.room != 0
    }

    /// Adds a value at the end.
    ///
    /// # Panics
    ///
    /// Panics without [room](Self::has_room).
    #[inline(always)]
    pub(crate) fn push(&mut self, value: T) {
        assert!(self.room != 0, "there is room");
        // SAFETY: `tail` leads to a free slot, as there is room (2).
        unsafe {
            self.tail.write(value);
            self.tail = self.tail.add(1);
        }
        self.room -= 1;
        self.len += 1;
    }

    /// Whether [`pop_here`](Self::pop_here) is to be had.
    #[inline(always)]
    pub(crate) fn has_more_here(&self) -> bool {
        self.left > 1
    }

    /// Takes the first value, which is not the last one of its block.
    ///
    /// # Panics
    ///
    /// Panics if it is, or if there is none.
    #[inline(always)]
    pub(crate) fn pop_here(&mut self) -> T {
        assert!(self.left > 1 && self.len != 0, "there is a value, and a slot behind it");
        self.left -= 1;
        self.len -= 1;
        // SAFETY: the first value is at `head` (1).
        unsafe {
            let value = self.head.read();
            self.head = self.head.add(1);
            value
        }
    }

    /// Takes the first value. A block that is used up then, and not worth keeping, is handed out.
    #[inline]
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
        if self.first == self.last {
            // It was the last one of all: its block begins anew.
            self.begin(self.first);
        } else {
            let used = self.first;
            // SAFETY: a block that is not the last has one behind it.
            let next = unsafe { (*used).next };
            // SAFETY: it is alive, and holds values from its first slot on (1).
            (self.head, self.left) = unsafe { Block::slots(next) };
            self.first = next;
            // SAFETY: the last block is alive.
            let spare = unsafe { &mut (*self.last).next };
            if spare.is_null() {
                // SAFETY: it is alive, and out of the chain.
                unsafe { (*used).next = ptr::null_mut() };
                *spare = used;
            } else {
                debug_assert!(spent.is_none(), "one at a time");
                // SAFETY: it came from a block, is out of the chain, and not null.
                *spent = Some(Block(unsafe { NonNull::new_unchecked(used) }, PhantomData));
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
        let run = most.min(self.left as usize - 1);
        // SAFETY: the first values are at `head`, up to the end of their block (1, 2), and the
        // buffer has room for so many. They are moved, once.
        unsafe {
            let end = buffer.as_mut_ptr().add(buffer.len());
            end.copy_from_nonoverlapping(self.head, run);
            buffer.set_len(buffer.len() + run);
            self.head = self.head.add(run);
        }
        self.left -= u32::try_from(run).expect("a block has fewer slots");
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
        // SAFETY: there is a value, and so a first block, which is alive.
        let (_, slots) = unsafe { Block::<T>::slots(self.first) };
        if self.left < slots {
            // SAFETY: `head` is not at the first slot of its block (2).
            self.head = unsafe { self.head.sub(1) };
            self.left += 1;
        } else {
            let block = block.take().expect("a block was brought along");
            let block = mem::ManuallyDrop::new(block).0.as_ptr();
            // SAFETY: it is alive, and in no chain; it has one slot at the least.
            unsafe {
                (*block).next = self.first;
                let (slots, count) = Block::<T>::slots(block);
                self.head = slots.add(count as usize - 1);
            }
            self.first = block;
            self.left = 1;
        }
        // SAFETY: `head` leads to a free slot.
        unsafe { self.head.write(value) };
        self.len += 1;
    }

    /// A block for a queue that has no [room](Self::has_room): [`supply`](Self::supply) takes it.
    pub(crate) fn block(slots: usize) -> Block<T> {
        Block::new(slots)
    }

    /// How large the next block is to be, in a queue of at most `most` values.
    pub(crate) fn next_slots(&self, most: usize) -> usize {
        let largest = (BYTES / mem::size_of::<T>().max(1)).clamp(FEW, BYTES);
        let wanted = match self.last {
            last if last.is_null() => FEW,
            // SAFETY: the last block is alive.
            last => unsafe { (*last).slots as usize * 2 },
        };
        wanted.min(largest).min(most).max(1)
    }

    /// Makes room, by a spare block or by `block`; whether there is room now.
    pub(crate) fn supply(&mut self, block: &mut Option<Block<T>>) -> bool {
        if self.room != 0 {
            return true;
        }
        // SAFETY: the last block is alive, if there is one.
        let spare = if self.last.is_null() { self.last } else { unsafe { (*self.last).next } };
        let next = if spare.is_null() {
            let Some(block) = block.take() else { return false };
            mem::ManuallyDrop::new(block).0.as_ptr()
        } else {
            spare
        };
        if self.last.is_null() {
            self.first = next;
            self.last = next;
            self.begin(next);
        } else {
            // SAFETY: both are alive; what is supplied has none behind it.
            unsafe { (*self.last).next = next };
            self.last = next;
            // SAFETY: as above.
            (self.tail, self.room) = unsafe { Block::slots(next) };
        }
        true
    }

    /// Starts at the beginning of the only block, which is empty.
    fn begin(&mut self, block: *mut Head) {
        // SAFETY: the callers' blocks are alive.
        let (slots, count) = unsafe { Block::slots(block) };
        (self.head, self.left) = (slots, count);
        (self.tail, self.room) = (slots, count);
    }
}

impl<T> Drop for Blocks<T> {
    /// Goes on behind a value whose drop panics.
    fn drop(&mut self) {
        struct Rest<'a, T>(&'a mut Blocks<T>);

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                let mut next = self.0.first;
                if self.0.len != 0 {
                    // Only a second panic leads here, which aborts: the values are forgotten.
                    return;
                }
                while let Some(block) = NonNull::new(next) {
                    // SAFETY: it is alive until the drop below.
                    next = unsafe { block.as_ref().next };
                    drop(Block::<T>(block, PhantomData));
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
