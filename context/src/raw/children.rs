//! Futures that run side by side in one task, each in its place, each woken for itself.
//!
//! Invariants:
//! 1. A chunk never moves and never shrinks, so a future in it stays where it was first put.
//! 2. A future leaves its place by being dropped there.
#![expect(unsafe_code, reason = "futures are pinned in chunks")]

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    fmt,
    future::Future,
    iter, mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::ready::{Ready, Shared};

/// How many futures a chunk has room for, but for the first one.
const CHUNK: usize = 64;

/// Futures of one type, pinned in chunks.
pub struct Children<F> {
    ready: Ready,
    /// The first chunk, which may be smaller than the others.
    first: Box<[Place<F>]>,
    others: Vec<Box<[Place<F>]>>,
    /// The first of the places that are free again.
    free: u32,
    /// Numbers from here on have never been used.
    used: u32,
    /// Numbers below this are the parent's own: they are woken, and have no place.
    own: u32,
    len: usize,
    /// Those that are to be polled, from `at` on; and behind them, those from `fresh` up to `used`.
    batch: Vec<u32>,
    at: usize,
    fresh: u32,
}

/// Room for a future.
enum Place<F> {
    /// There is none; the next place that is free.
    Free(u32),
    Taken(F),
}

/// No place is free.
const NONE: u32 = u32::MAX;

impl<F> Place<F> {
    /// The future, pinned.
    #[inline(always)]
    fn future(self: Pin<&mut Self>) -> Option<Pin<&mut F>> {
        // SAFETY: the future stays where it is, pinned as the place is.
        match unsafe { self.get_unchecked_mut() } {
            Self::Free(_) => None,
            // SAFETY: as above.
            Self::Taken(future) => Some(unsafe { Pin::new_unchecked(future) }),
        }
    }
}

/// What [`Children::poll_next`] finds.
#[derive(Debug)]
pub enum Event<T> {
    /// A number of the parent's own was woken.
    Own(u32),
    /// The child of that number has ended.
    Ended(u32, T),
}

impl<F> Children<F> {
    /// None yet, with room for `room` before there is a second chunk. The numbers below `own` are
    /// the parent's, and count as woken.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn new(own: u32, room: usize) -> Self {
        let mut ready = Ready::new();
        ready.grow(own as usize);
        Self {
            ready,
            first: (0..room.clamp(1, CHUNK)).map(|_| Place::Free(NONE)).collect(),
            others: Vec::new(),
            free: NONE,
            used: own,
            own,
            len: 0,
            batch: Vec::new(),
            at: 0,
            fresh: 0,
        }
    }

    /// All of `futures`, numbered from 0.
    pub fn of(futures: impl IntoIterator<Item = F>) -> Self {
        // Fused: the last chunk alone may be short.
        let mut futures = futures.into_iter().fuse();
        let mut chunks = iter::from_fn(|| {
            let chunk: Vec<_> = futures.by_ref().take(CHUNK).map(Place::Taken).collect();
            (!chunk.is_empty()).then_some(chunk)
        });
        let mut children = Self::new(0, 1);
        let mut len = 0;
        if let Some(first) = chunks.next() {
            len = first.len();
            children.first = first.into();
        }
        for mut chunk in chunks {
            len += chunk.len();
            chunk.resize_with(CHUNK, || Place::Free(NONE));
            children.others.push(chunk.into());
        }
        children.ready.grow(len);
        (children.used, children.len) = (len as u32, len);
        children
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What wakes by number.
    pub fn shared(&self) -> Arc<Shared> {
        self.ready.shared()
    }

    /// Wakes a number.
    pub fn wake(&self, number: u32) {
        self.ready.wake(number);
    }

    /// Puts a future in a place; it is polled for the first time when its turn comes.
    pub fn insert(&mut self, future: F) -> u32 {
        let number = if self.free == NONE { self.used } else { self.free };
        if number == self.used {
            self.used += 1;
            self.ready.grow(self.used as usize);
            if number as usize >= self.own as usize + self.first.len() + self.others.len() * CHUNK {
                self.others.push((0..CHUNK).map(|_| Place::Free(NONE)).collect());
            }
        } else {
            self.batch.push(number);
        }
        // A free place has no future (2), so nothing that is pinned is moved.
        match mem::replace(self.place(number), Place::Taken(future)) {
            Place::Free(next) if number == self.free => self.free = next,
            _ => {}
        }
        self.len += 1;
        number
    }

    /// Runs `f` with the waker of a number.
    pub fn with_waker<R>(&self, number: u32, f: impl FnOnce(&Waker) -> R) -> R {
        self.ready.with_waker(number, f)
    }

    #[inline]
    fn place(&mut self, number: u32) -> &mut Place<F> {
        place(&mut self.first, &mut self.others, (number - self.own) as usize)
    }

    /// The place of a number, where its future stays.
    #[inline]
    fn pinned(&mut self, number: u32) -> Pin<&mut Place<F>> {
        // SAFETY: chunks do not move (1), and futures leave by being dropped (2).
        unsafe { Pin::new_unchecked(self.place(number)) }
    }

    /// The place is free, and there is one child less.
    fn note_free(&mut self, number: u32) -> Place<F> {
        self.len -= 1;
        Place::Free(mem::replace(&mut self.free, number))
    }

    /// The numbers that were ever used.
    pub fn numbers(&self) -> core::ops::Range<u32> {
        self.own..self.used
    }

    /// Moves a future out of its place.
    pub fn take(&mut self, number: u32) -> Option<F>
    where
        F: Unpin,
    {
        if let Place::Free(_) = self.place(number) {
            return None;
        }
        let free = self.note_free(number);
        match mem::replace(self.place(number), free) {
            Place::Taken(future) => Some(future),
            Place::Free(_) => None,
        }
    }
}

impl<F: Future> Children<F> {
    /// Polls those that were woken, one after another, until one has ended.
    ///
    /// One call polls what had been woken when it was called. Those that are woken meanwhile have
    /// the task woken again: a child that is always ready cannot keep the task to itself.
    #[inline]
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event<F::Output>> {
        self.begin();
        match self.poll_batch() {
            Poll::Pending => {
                self.rest(cx);
                Poll::Pending
            }
            ended => ended,
        }
    }

    /// Takes up those that were woken, unless some are left of the last batch. From here on the task
    /// is not woken for any of them, until [`rest`](Self::rest).
    #[inline]
    pub fn begin(&mut self) {
        if self.at == self.batch.len() && self.fresh == self.used {
            self.batch.clear();
            self.at = 0;
            self.ready.take(&mut self.batch);
        }
    }

    /// Polls those that are left of the batch, and takes no new one.
    #[inline]
    pub fn poll_batch(&mut self) -> Poll<Event<F::Output>> {
        loop {
            let number = match self.batch.get(self.at) {
                Some(&number) => {
                    self.at += 1;
                    number
                }
                None if self.fresh < self.used => {
                    self.fresh += 1;
                    self.fresh - 1
                }
                None => return Poll::Pending,
            };
            if number < self.own {
                return Poll::Ready(Event::Own(number));
            }
            let at = (number - self.own) as usize;
            let place = place(&mut self.first, &mut self.others, at);
            // SAFETY: as in `pinned`, which would borrow the wakers too.
            let Some(future) = unsafe { Pin::new_unchecked(place) }.future() else { continue };
            let poll =
                self.ready.with_waker(number, |waker| future.poll(&mut Context::from_waker(waker)));
            if let Poll::Ready(output) = poll {
                let free = self.note_free(number);
                // If the destructor panics, the place is free all the same: `set` sees to that.
                self.pinned(number).set(free);
                return Poll::Ready(Event::Ended(number, output));
            }
        }
    }

    /// Leaves the task's waker with the children: the batch is done, and the task about to sleep.
    #[inline]
    pub fn rest(&mut self, cx: &Context<'_>) {
        debug_assert!(self.at == self.batch.len() && self.fresh == self.used, "nobody is left out");
        self.ready.rest(cx.waker());
    }

    /// Whether a number of the parent's own was woken since it was last seen.
    pub fn take_own(&self, number: u32) -> bool {
        self.ready.take_one(number)
    }
}

/// The place of the `at`-th.
#[inline]
fn place<'a, F>(
    first: &'a mut [Place<F>],
    others: &'a mut [Box<[Place<F>]>],
    at: usize,
) -> &'a mut Place<F> {
    let room = first.len();
    match at.checked_sub(room) {
        None => &mut first[at],
        Some(at) => &mut others[at / CHUNK][at % CHUNK],
    }
}

impl<F> fmt::Debug for Children<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("len", &self.len).finish_non_exhaustive()
    }
}
