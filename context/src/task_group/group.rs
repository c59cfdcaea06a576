//! What a group's children share, and how they count.
//!
//! ```text
//!   63              33 32                2        1          0
//! ┌───────────────────┬──────────────────┬────────────┬──────────┐
//! │      spawned      │     children     │ CANCELLED  │  CLOSED  │
//! └───────────────────┴──────────────────┴────────────┴──────────┘
//! ```
//!
//! `spawned` is the next child's number, so that one addition counts a child and names it. It starts
//! over after 2³¹ children, and has no part in what follows.
//!
//! | children | `CANCELLED` | `CLOSED` | meaning                                         |
//! |:--------:|:-----------:|:--------:|-------------------------------------------------|
//! |    any   |      0      |     0    | takes children                                  |
//! |    any   |      1      |     1    | children drop themselves as soon as they are polled |
//! |     0    |     any     |     1    | over, once its owner has seen it                |
//! |    any   |      1      |     0    | never: who cancels closes                       |
//!
//! Invariants:
//! 1. Who adds a child to a closed group takes it off again, and its future is never polled: so a
//!    closed group that was seen with no children stays without.
//! 2. A child counts until its future has been dropped.
//! 3. The group is alive while it has children: they hold it together (`raw/share.rs`).
//! 4. A child that waits stands in `line`. `CANCELLED` is set before the line is emptied, and who
//!    lines up looks for it under the line's lock.
#![expect(unsafe_code, reason = "the group is what its children stand in line at")]

use alloc::sync::Arc;
use core::{
    fmt, mem,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll},
};

use selvedge_sync::{
    Semaphore,
    raw::{
        line::{Answer, Asks, Line, Place, Primitive, Queue, Turns},
        shim::{Heap, Label, Lock, atomic::AtomicU64, doomed, mutant, op},
        slot::WakerSlot,
        wakers::{WakeList, in_batches},
    },
};

use crate::{
    Failure, GroupError, Reason, Registration, Who,
    raw::share::{Counts, Share},
};

const CLOSED: u64 = 1;
const CANCELLED: u64 = 2;
const ONE: u64 = 4;
const CHILDREN: u64 = SPAWNED - ONE;
const SPAWNED: u64 = 1 << 33;

/// What spawners, children and the owner share.
pub(crate) struct Group<E> {
    state: AtomicU64,
    line: Line<()>,
    label: Label,
    /// The owner's waker.
    owner: WakerSlot,
    report: Lock<GroupError<E>>,
    pub(super) limit: Option<Arc<Semaphore>>,
    pub(super) supervises: bool,
    _heap: Heap,
}

/// A child's place in its group; dropping it, the child leaves.
pub(crate) type Seat<E> = Share<Group<E>>;

/// What a child waits for: that the group is cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancel;

impl Asks<()> for Cancel {
    fn ask(self) {}

    fn granted((): ()) -> Self {
        Self
    }
}

// SAFETY: a group is its own core.
unsafe impl<E> Primitive for Group<E> {
    type Core = Self;

    fn core(&self) -> &Self {
        self
    }
}

impl<E> Turns for Group<E> {
    type Ask = ();

    fn line(&self) -> &Line<()> {
        &self.line
    }

    fn label(&self) -> Label {
        self.label
    }

    #[inline]
    fn try_take(&self, (): ()) -> Answer<()> {
        if self.is_cancelled() { Answer::Granted(()) } else { Answer::Wait }
    }

    fn admit(&self, (): (), _: Place, _: &Queue<()>) -> Answer<()> {
        // RACE: 1. a child finds no `CANCELLED`, 2. `cancel` sets it and finds nobody in line,
        //       3. the child lines up, and is never dropped. So it looks again, in the lock.
        if mutant!("a child lines up blindly") { Answer::Wait } else { self.try_take(()) }
    }

    fn give_back(&self, (): ()) {}

    fn left(&self, _: bool, _: &mut Queue<()>, _: &mut WakeList) -> bool {
        false
    }
}

// SAFETY: children alone change their count, here.
unsafe impl<E> Counts for Group<E> {
    /// The child's number, unless the group takes none.
    type Joined = Option<usize>;

    #[inline]
    fn join(&self) -> (bool, Option<usize>) {
        let state = self.state.fetch_add(SPAWNED + ONE, Relaxed);
        let is_taken = state & CLOSED == 0 || mutant!("a closed group takes children");
        (state & CHILDREN == 0, is_taken.then_some((state / SPAWNED) as usize))
    }

    /// A child has ended, and its future is gone.
    #[inline]
    fn leave(&self) -> bool {
        // ORDERING: Release pairs with the Acquire in `is_over`: whoever sees the group end sees
        // what its children did. It pairs with the last child's own, too.
        self.state.fetch_sub(ONE, Release) & CHILDREN == ONE
    }

    fn deserted(&self) {
        if !mutant!("the last child is silent") {
            self.owner.wake();
        }
    }
}

impl<E> Group<E> {
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            line: Line::new(),
            label: Label::new("group"),
            owner: WakerSlot::new(),
            report: Lock::new(GroupError::new()),
            limit: None,
            supervises: false,
            _heap: Heap::new(),
        }
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.state.load(Relaxed) & CANCELLED != 0
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.load(Relaxed) & CLOSED == 0
    }

    /// How many children there are.
    pub(super) fn len(&self) -> usize {
        ((self.state.load(Relaxed) & CHILDREN) / ONE) as usize
    }

    /// Takes no more children, and has those that are there drop themselves.
    pub(super) fn cancel(&self) {
        if self.state.fetch_or(CLOSED | CANCELLED, Relaxed) & CANCELLED != 0 {
            return;
        }
        op!(self.label, "cancelled");
        in_batches(|wakes| {
            self.line.with(|queue| {
                while !queue.is_empty() && !wakes.is_full() {
                    wakes.push(queue.grant(()));
                }
                !queue.is_empty()
            })
        });
        if !mutant!("who cancels does not wake the owner") {
            self.owner.wake();
        }
    }

    /// Notes why the group is cancelled, unless somebody was first.
    pub(super) fn note_reason(&self, reason: Reason) {
        let unwanted = self.report.with(|report| match report.cancelled {
            None => report.cancelled.replace(reason),
            Some(_) => Some(reason),
        });
        drop(unwanted);
    }

    /// Notes that somebody failed; nobody outlives it, unless the group supervises.
    pub(super) fn fail(&self, who: Who, failure: Failure<E>) {
        self.report.with(|report| report.failures.push((who, failure)));
        if !self.supervises {
            self.cancel();
        }
    }

    /// Notes who was dropped before its end.
    pub(super) fn note_unfinished(&self, who: Who) {
        self.report.with(|report| report.unfinished.push(who));
    }

    /// Whether no child is left, and none will come: it is closed then.
    fn is_over(&self) -> bool {
        let mut state = self.state.load(Relaxed);
        loop {
            if state & CHILDREN != 0 {
                return false;
            }
            // ORDERING: Acquire pairs with the Releases in `leave`.
            match self.state.compare_exchange_weak(state, state | CLOSED, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
    }

    /// Leaves the owner's waker, for [`cancel`](Self::cancel) and the end.
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.owner.register(cx.waker());
    }

    /// Waits for the end. The owner's waker is left already.
    pub(super) fn poll_over(&self) -> Poll<GroupError<E>> {
        if !self.is_over() {
            return Poll::Pending;
        }
        drop(self.owner.take());
        Poll::Ready(self.report.with(|report| mem::replace(report, GroupError::new())))
    }
}

/// Whoever waits for the group; it does not outlive it.
#[derive(Debug)]
pub(crate) struct Owner<E> {
    pub(super) group: Arc<Group<E>>,
    /// How it hears of a token.
    pub(super) token: Option<Registration>,
}

impl<E> Drop for Owner<E> {
    fn drop(&mut self) {
        if !doomed() {
            // Other people's code.
            drop(self.group.owner.take());
            self.group.cancel();
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Group");
        text.field("children", &self.len()).field("is_open", &self.is_open());
        text.finish_non_exhaustive()
    }
}
