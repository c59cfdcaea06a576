//! A first-in, first-out list threaded through the futures that wait.
//!
//! ```text
//!          ╭───────╮ next ╭───────╮ next ╭───────╮
//! head ───►│ node  ├─────►│ node  ├─────►│ node  │◄─── tail
//!          │       │◄─────┤       │◄─────┤       │
//!          ╰───────╯ prev ╰───────╯ prev ╰───────╯
//! ```
//!
//! A [`Slot`] is the room for a node inside a future. It is lazy: an idle one is one `false`, and
//! the node is written when the future first has to wait.
//!
//! | state      | in the list | waker in the node | what it means                             |
//! |------------|:-----------:|:-----------------:|-------------------------------------------|
//! | `WAITING`  |     yes     |        yes        | asleep, or about to sleep                 |
//! | `CALLED`   |     yes     |        no         | woken to try its luck; it keeps its place |
//! | `GRANTED`  |     no      |        no         | has what it waited for                    |
//! | `REFUSED`  |     no      |        no         | will never get it                         |
//!
//! Invariants:
//! 1. A node is in at most one list, and exactly while it is `WAITING` or `CALLED`.
//! 2. A node in a list is pinned and alive: its future takes it out before it goes.
//! 3. Everything in a node but `state` is touched only with the lock around its list held, until
//!    it is `GRANTED` or `REFUSED`: that store is the last touch from outside, and from there on
//!    the node is its future's alone.
//! 4. The first two states change with the lock held only; the last two do not change, unless the
//!    node's own future puts it back in line.
#![expect(unsafe_code, reason = "nodes live in other tasks' futures and are reached by pointer")]

use core::{fmt, pin::Pin, ptr, task::Waker};

use super::wakers::{Wake, WakeList};

pub use self::slot::Slot;
use self::slot::{Inner, Link};

mod slot;

/// Where a node stands; the head of the file has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// In line.
    Waiting,
    /// In line, and woken to try its luck.
    Called,
    /// Out of line, with what it waited for.
    Granted,
    /// Out of line, for good.
    Refused,
}

/// The list.
pub struct List<V> {
    head: Link<V>,
    tail: Link<V>,
}

// SAFETY: the pointers lead to nodes that carry a `V`, which moves along with the list.
unsafe impl<V: Send> Send for List<V> {}

impl<V: Copy> List<V> {
    /// An empty list.
    #[expect(clippy::new_without_default, reason = "made by a line, in a const")]
    pub const fn new() -> Self {
        Self { head: None, tail: None }
    }

    /// Whether nobody is in it.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Whether somebody stands behind the head.
    #[inline]
    pub fn has_second(&self) -> bool {
        self.head != self.tail
    }

    /// How many are in it, by counting.
    pub fn len(&self) -> usize {
        let mut count = 0;
        let mut at = self.head;
        while let Some(node) = at {
            count += 1;
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            at = unsafe { node.as_ref().with(|inner| inner.next) };
        }
        count
    }

    /// What the head carries.
    #[inline]
    pub fn first(&self) -> Option<V> {
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        self.head.map(|node| unsafe { node.as_ref().with(|inner| inner.value) })
    }

    /// Changes what the head carries.
    #[inline]
    pub fn set_first(&mut self, value: V) {
        if let Some(node) = self.head {
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            unsafe { node.as_ref().with(|inner| inner.value = value) }
        }
    }

    /// Changes what the tail carries.
    #[inline]
    pub fn set_last(&mut self, value: V) {
        if let Some(node) = self.tail {
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            unsafe { node.as_ref().with(|inner| inner.value = value) }
        }
    }

    /// Lends what each carries to `f`, from the head to the tail.
    pub fn for_each(&self, mut f: impl FnMut(&mut V)) {
        let mut at = self.head;
        while let Some(node) = at {
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            at = unsafe {
                node.as_ref().with(|inner| {
                    f(&mut inner.value);
                    inner.next
                })
            };
        }
    }

    /// Puts the node of `slot` at the tail.
    ///
    /// # Safety
    ///
    /// The slot is taken, its node is in no list, and it leaves this one before it goes
    /// (invariant 2).
    #[inline]
    pub unsafe fn push_back(&mut self, slot: Pin<&mut Slot<V>>) {
        let node = slot.node();
        let prev = self.tail.replace(node);
        // SAFETY: the node is written, as the slot is taken, and still the caller's alone.
        unsafe { node.as_ref().with(|inner| inner.prev = prev) };
        self.set_next(prev, Some(node));
    }

    /// Puts the node of `slot` at the head.
    ///
    /// # Safety
    ///
    /// As for [`push_back`](Self::push_back).
    #[inline]
    pub unsafe fn push_front(&mut self, slot: Pin<&mut Slot<V>>) {
        let node = slot.node();
        let next = self.head.replace(node);
        // SAFETY: the node is written, as the slot is taken, and still the caller's alone.
        unsafe { node.as_ref().with(|inner| inner.next = next) };
        self.set_prev(next, Some(node));
    }

    /// Takes the head out, with `end` as its last state, and hands out its waker.
    #[inline]
    pub fn pop_front(&mut self, end: State) -> Wake {
        debug_assert!(matches!(end, State::Granted | State::Refused), "{end:?} is in a list");
        let Some(node) = self.head else { return Wake::NOBODY };
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        let (next, waker) = unsafe { node.as_ref().with(|inner| (inner.next, inner.waker.take())) };
        self.head = next;
        self.set_prev(next, None);
        // SAFETY: it is alive still: its future cannot know before the next line (2, 4).
        unsafe { node.as_ref() }.set(end);
        Wake(waker)
    }

    /// Takes the tail out, with `end` as its last state, and hands out its waker.
    #[inline]
    pub fn pop_back(&mut self, end: State) -> Wake {
        debug_assert!(matches!(end, State::Granted | State::Refused), "{end:?} is in a list");
        let Some(node) = self.tail else { return Wake::NOBODY };
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        let (prev, waker) = unsafe { node.as_ref().with(|inner| (inner.prev, inner.waker.take())) };
        self.tail = prev;
        self.set_next(prev, None);
        // SAFETY: it is alive still: its future cannot know before the next line (2, 4).
        unsafe { node.as_ref() }.set(end);
        Wake(waker)
    }

    /// Takes the head out, and those behind it, for as long as `end` names their last state from
    /// what they carry. Whether there are more than `wakes` has room for.
    #[inline]
    pub fn pop_while(&mut self, wakes: &mut WakeList, end: impl Fn(V) -> Option<State>) -> bool {
        let mut at = self.head;
        let more = loop {
            let Some(node) = at else { break false };
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            let node = unsafe { node.as_ref() };
            // SAFETY: as above.
            let Some(end) = end(unsafe { node.with(|inner| inner.value) }) else { break false };
            debug_assert!(matches!(end, State::Granted | State::Refused), "{end:?} is in a list");
            if wakes.is_full() {
                break true;
            }
            // SAFETY: as above.
            let (next, waker) = unsafe { node.with(|inner| (inner.next, inner.waker.take())) };
            wakes.push(Wake(waker));
            at = next;
            // The last touch of it (3): nothing leads to it any more but `head` and the `prev` of
            // `at`, which are set below, before the lock is given back.
            node.set(end);
        };
        self.head = at;
        self.set_prev(at, None);
        more
    }

    /// Calls the head: it keeps its place, and its waker is handed out.
    #[inline]
    pub fn call_front(&mut self) -> Wake {
        let Some(node) = self.head else { return Wake::NOBODY };
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        let waker = unsafe { node.as_ref().with(|inner| inner.waker.take()) };
        // SAFETY: as above.
        unsafe { node.as_ref() }.set(State::Called);
        Wake(waker)
    }

    /// Calls those at the front of whom `goes` says so, up to the first of whom it does not: each
    /// keeps its place. Whether there are more than `wakes` has room for.
    pub fn call_while(&mut self, mut goes: impl FnMut(V) -> bool, wakes: &mut WakeList) -> bool {
        let mut at = self.head;
        while let Some(node) = at {
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            let node = unsafe { node.as_ref() };
            // SAFETY: as above.
            let (next, value) = unsafe { node.with(|inner| (inner.next, inner.value)) };
            if !goes(value) {
                return false;
            }
            if node.state() == State::Waiting {
                if wakes.is_full() {
                    return true;
                }
                // SAFETY: as above.
                wakes.push(Wake(unsafe { node.with(|inner| inner.waker.take()) }));
                node.set(State::Called);
            }
            at = next;
        }
        false
    }

    /// Whether the head has been called and has not looked yet.
    #[inline]
    pub fn is_called(&self) -> bool {
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        self.head.is_some_and(|node| unsafe { node.as_ref() }.state() == State::Called)
    }

    /// What the node of `slot` carries.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in this list.
    #[inline]
    pub unsafe fn value(&self, slot: Pin<&mut Slot<V>>) -> V {
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        unsafe { slot.node().as_ref().with(|inner| inner.value) }
    }

    /// Leaves `waker` in the node of `slot`, which waits on. Hands out the one it replaces.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in this list.
    pub unsafe fn rest(&mut self, slot: Pin<&mut Slot<V>>, waker: Waker) -> Option<Waker> {
        let node = slot.node();
        // SAFETY: `known` is read and written by the future alone, which is the caller.
        unsafe { (*node.as_ptr()).known = (waker.data(), ptr::from_ref(waker.vtable())) };
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        let node = unsafe { node.as_ref() };
        node.set(State::Waiting);
        // SAFETY: as above.
        unsafe { node.with(|inner| inner.waker.replace(waker)) }
    }

    /// Puts the node of `slot`, which was taken out [granted](State::Granted), back in line to wait
    /// on: in front of the first that `came_later`.
    ///
    /// # Safety
    ///
    /// The slot is taken, its node is in no list, and it leaves this one before it goes
    /// (invariant 2).
    pub unsafe fn put_back(
        &mut self,
        slot: Pin<&mut Slot<V>>,
        value: V,
        waker: Waker,
        came_later: impl Fn(V) -> bool,
    ) {
        let node = slot.node();
        let (mut prev, mut next) = (None, self.head);
        while let Some(at) = next {
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            let (after, its) = unsafe { at.as_ref().with(|inner| (inner.next, inner.value)) };
            if came_later(its) {
                break;
            }
            (prev, next) = (next, after);
        }
        // SAFETY: `known` is read and written by the future alone, which is the caller.
        unsafe { (*node.as_ptr()).known = (waker.data(), ptr::from_ref(waker.vtable())) };
        // SAFETY: the node is written, as the slot is taken, and still the caller's alone. Whoever
        // took it out took its waker, so none is dropped here.
        unsafe {
            node.as_ref().with(|inner| *inner = Inner { prev, next, waker: Some(waker), value })
        };
        // SAFETY: as above.
        unsafe { node.as_ref() }.set(State::Waiting);
        self.set_next(prev, Some(node));
        self.set_prev(next, Some(node));
    }

    /// Takes the node of `slot` out, wherever it stands.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in this list.
    pub unsafe fn unlink(&mut self, slot: Pin<&mut Slot<V>>) {
        // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
        let (prev, next) = unsafe { slot.node().as_ref().with(|inner| (inner.prev, inner.next)) };
        self.set_next(prev, next);
        self.set_prev(next, prev);
    }

    #[inline]
    fn set_next(&mut self, at: Link<V>, next: Link<V>) {
        match at {
            None => self.head = next,
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            Some(at) => unsafe { at.as_ref().with(|inner| inner.next = next) },
        }
    }

    #[inline]
    fn set_prev(&mut self, at: Link<V>, prev: Link<V>) {
        match at {
            None => self.tail = prev,
            // SAFETY: a listed node is alive (2), and whoever has the list holds its lock (3).
            Some(at) => unsafe { at.as_ref().with(|inner| inner.prev = prev) },
        }
    }
}

impl<V> fmt::Debug for List<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("is_empty", &self.head.is_none()).finish()
    }
}
