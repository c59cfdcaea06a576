//! A node, and the room for one inside a future. The invariants are in `list.rs`.

use core::{
    cell::UnsafeCell,
    fmt,
    marker::PhantomPinned,
    mem::MaybeUninit,
    pin::Pin,
    ptr::{self, NonNull},
    sync::atomic::Ordering::{Acquire, Release},
    task::{RawWakerVTable, Waker},
};

use super::State;
use crate::raw::{
    shim::{Cell, atomic::AtomicU8},
    trace,
};

/// A place in a list.
pub(super) struct Node<V> {
    pub(super) state: AtomicU8,
    /// The future's own: which waker it left in the node.
    pub(super) known: (*const (), *const RawWakerVTable),
    pub(super) inner: Cell<Inner<V>>,
}

pub(super) struct Inner<V> {
    pub(super) prev: Link<V>,
    pub(super) next: Link<V>,
    pub(super) waker: Option<Waker>,
    pub(super) value: V,
}

pub(super) type Link<V> = Option<NonNull<Node<V>>>;

impl<V> Node<V> {
    /// # Safety
    ///
    /// The lock around the node's list is held, or the node is the caller's alone (invariant 3).
    #[inline(always)]
    pub(super) unsafe fn with<R>(&self, f: impl FnOnce(&mut Inner<V>) -> R) -> R {
        // SAFETY: forwarded to the caller.
        unsafe { self.inner.with(f) }
    }

    #[inline(always)]
    pub(super) fn state(&self) -> State {
        // ORDERING: Acquire pairs with the Release in `set`: with `GRANTED` comes all that the
        // granter and the last holder did, and the node itself.
        match self.state.load(Acquire) {
            0 => State::Waiting,
            1 => State::Called,
            2 => State::Granted,
            _ => State::Refused,
        }
    }

    #[inline(always)]
    pub(super) fn set(&self, state: State) {
        trace::moved(core::ptr::from_ref(self).cast(), state);
        // ORDERING: Release pairs with the Acquire in `state`.
        self.state.store(state as u8, Release);
    }
}

/// The room for a node inside a future.
pub struct Slot<V> {
    /// Whether the node is written and its state has not been acted upon. The future's own.
    taken: bool,
    node: UnsafeCell<MaybeUninit<Node<V>>>,
    _pin: PhantomPinned,
}

// SAFETY: a node that is in no list is an ordinary value; one that is in a list is touched with
// the lock held (invariant 3), whichever thread its future has moved to.
unsafe impl<V: Send> Send for Slot<V> {}
// SAFETY: a shared slot gives access to nothing.
unsafe impl<V: Send> Sync for Slot<V> {}

impl<V: Copy> Slot<V> {
    /// Room for a node.
    #[expect(clippy::new_without_default, reason = "made by a future, before its first poll")]
    #[inline(always)]
    pub fn new() -> Self {
        // Field by field: of the whole, a constant, the compiler makes a copy of zeros.
        let mut slot = MaybeUninit::<Self>::uninit();
        // SAFETY: it points into `slot`; `taken` is the one field that has to be written.
        unsafe {
            (&raw mut (*slot.as_mut_ptr()).taken).write(false);
            slot.assume_init()
        }
    }

    /// Whether the future stands in line, or has left it and does not know yet.
    #[inline(always)]
    pub fn is_taken(self: Pin<&mut Self>) -> bool {
        self.taken
    }

    /// Writes the node, which is in no list yet. [`clear`](Self::clear) undoes it.
    #[inline]
    pub fn fill(self: Pin<&mut Self>, value: V, waker: Waker) {
        // SAFETY: nothing is moved out of the pinned slot.
        let this = unsafe { self.get_unchecked_mut() };
        debug_assert!(!this.taken, "a future stands in one place at a time");
        let known = (waker.data(), ptr::from_ref(waker.vtable()));
        let inner = Inner { prev: None, next: None, waker: Some(waker), value };
        let state = AtomicU8::new(State::Waiting as u8);
        this.node.get_mut().write(Node { state, known, inner: Cell::new(inner) });
        this.taken = true;
    }

    /// Forgets the node, and hands out the waker in it.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in no list.
    #[inline]
    pub unsafe fn clear(self: Pin<&mut Self>) -> Option<Waker> {
        // SAFETY: nothing is moved out of the pinned slot.
        let this = unsafe { self.get_unchecked_mut() };
        this.taken = false;
        // SAFETY: the node is written, as the slot was taken, and ours alone (invariant 3).
        unsafe { this.node.get_mut().assume_init_ref().with(|inner| inner.waker.take()) }
    }

    /// Forgets the node, which has no waker any more.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node was taken out of a list.
    #[inline(always)]
    pub unsafe fn vacate(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved out of the pinned slot.
        unsafe { self.get_unchecked_mut() }.taken = false;
    }

    /// Where the node stands.
    ///
    /// # Safety
    ///
    /// The slot is taken.
    #[inline(always)]
    pub unsafe fn state(self: Pin<&mut Self>) -> State {
        // SAFETY: a taken slot has a node, promised by the caller.
        unsafe { self.node().as_ref() }.state()
    }

    /// What the node carries, once it is granted or refused.
    ///
    /// # Safety
    ///
    /// The slot is taken, and its node is in no list.
    #[inline]
    pub unsafe fn value(self: Pin<&mut Self>) -> V {
        // SAFETY: the node is written, and ours alone (invariant 3).
        unsafe { self.node().as_ref().with(|inner| inner.value) }
    }

    /// Whether the waker in a `WAITING` node is as good as `waker`: one compare, no lock.
    ///
    /// # Safety
    ///
    /// The slot is taken.
    #[inline(always)]
    pub unsafe fn knows(self: Pin<&mut Self>, waker: &Waker) -> bool {
        // SAFETY: as for `node`; `known` is read and written by the future alone.
        let known = unsafe { (*self.node().as_ptr()).known };
        known == (waker.data(), ptr::from_ref(waker.vtable()))
    }

    /// Where the node is, or will be.
    #[inline(always)]
    pub fn place(self: Pin<&mut Self>) -> *const () {
        self.node().as_ptr().cast_const().cast()
    }

    /// The node.
    #[inline(always)]
    pub(super) fn node(self: Pin<&mut Self>) -> NonNull<Node<V>> {
        // The pointer comes from the cell, so others may go on using theirs.
        NonNull::from(&self.node).cast()
    }
}

impl<V> fmt::Debug for Slot<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("taken", &self.taken).finish_non_exhaustive()
    }
}
