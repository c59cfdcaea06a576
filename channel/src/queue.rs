//! A queue of work: put, got, and done. First come first served, or in another order.
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::queue::Queue;
//!
//! let queue = Queue::<&str>::new(2);
//! queue.put("warp").await?;
//! queue.put("weft").await?;
//! assert!(queue.put_nowait("selvedge").is_err());
//!
//! assert_eq!(queue.get().await.unwrap(), "warp");
//! queue.task_done().unwrap();
//!
//! // What was put is to be got and done, and nothing more comes.
//! queue.shutdown(false);
//! assert_eq!(queue.get().await.unwrap(), "weft");
//! queue.task_done().unwrap();
//! queue.join().await;
//! assert!(queue.get().await.is_err());
//! # Ok::<(), selvedge_channel::queue::error::QueueShutDown<&str>>(())
//! # }).unwrap();
//! ```
//!
//! # State
//!
//! | part       | what it counts                                                               |
//! |------------|------------------------------------------------------------------------------|
//! | `items`    | permits: the items that are there and promised to nobody; getters wait for one |
//! | `room`     | permits: the places that are free and promised to nobody; putters wait for one |
//! | `state`    | the items, and how many are not done                                          |
//! | `finished` | how often the last one was done; joiners wait for the next time               |
//!
//! Invariants:
//! 1. There are at least as many items as there are permits of `items`, on hand or granted: a permit
//!    comes after its item, and goes before it. Unless all were thrown away.
//! 2. Items, permits of `room` and puts under way are `maxsize` and `state.over` together.
//! 3. `items` is closed once the queue is shut down and empty: whoever waits then waits for nothing.
//!
//! An item that was taken is put back if a waker panics before its getter has it. Its place may have
//! gone to a putter by then, or `items` be closed: so there may be an item `over`, whose place is not
//! handed out when it goes, and whoever finds `items` closed looks whether an item is there.

use core::{fmt, mem};

use selvedge_sync::{
    Semaphore, SemaphorePermit, TryAcquireError,
    raw::shim::{Label, Lock, mutant},
};

use self::{
    comparing::Comparing,
    error::{GetNowaitError, PutNowaitError, TaskDoneError},
    order::sealed::{self, Store as _},
    unwinding::{Finally, Unclaimed},
};
pub use self::{
    futures::{Get, Join, Put},
    order::{Fifo, Lifo, Order, Priority},
};
use crate::raw::gate::Gate;

mod comparing;
pub mod error;
mod futures;
mod order;
mod unwinding;

/// A queue whose tasks are put, got and done.
///
/// # Fairness
///
/// Getters get items, and putters places, strictly in the order of their first polls; `put_nowait`
/// and `get_nowait` do not overtake them.
///
/// # Memory ordering
///
/// Whoever gets an item sees everything that happened before it was put; whoever has joined,
/// everything that happened before the last `task_done`.
///
/// # Examples
///
/// ```
/// use selvedge_channel::queue::{Lifo, Priority, Queue};
///
/// let stack = Queue::<_, Lifo>::new(0);
/// let sorted = Queue::<_, Priority>::new(0);
/// for number in [2, 3, 1] {
///     stack.put_nowait(number)?;
///     sorted.put_nowait(number)?;
/// }
/// assert_eq!(stack.get_nowait(), Ok(1));
/// assert_eq!(sorted.get_nowait(), Ok(1));
/// assert_eq!(stack.get_nowait(), Ok(3));
/// assert_eq!(sorted.get_nowait(), Ok(2));
/// # Ok::<(), selvedge_channel::queue::error::PutNowaitError<i32>>(())
/// ```
#[doc(alias = "asyncio.Queue")]
#[doc(alias = "asyncio.LifoQueue")]
#[doc(alias = "asyncio.PriorityQueue")]
pub struct Queue<T, O: Order<T> = Fifo> {
    state: Lock<State<<O as sealed::Order<T>>::Store>>,
    items: Semaphore,
    /// None without a limit.
    room: Option<Semaphore>,
    finished: Gate,
    maxsize: usize,
    comparing: Comparing,
}

struct State<S> {
    store: S,
    unfinished: usize,
    peak: usize,
    /// How many places were handed out for items that were put back.
    over: usize,
    is_shut_down: bool,
}

/// What [`Queue::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStatistics {
    /// How many items there were.
    pub size: usize,
    /// How many there may be; 0 for no limit.
    pub maxsize: usize,
    /// How many there were at most at a time.
    pub peak: usize,
    /// How many that were put were not done.
    pub unfinished: usize,
    /// How many tasks and threads waited for an item.
    pub getters: usize,
    /// How many tasks and threads waited for a place.
    pub putters: usize,
    /// How many tasks and threads waited for all to be done.
    pub joiners: usize,
    /// Whether it was shut down.
    pub is_shut_down: bool,
}

impl<T, O: Order<T>> Queue<T, O> {
    /// A queue for at most `maxsize` items at a time; 0 is no limit.
    #[must_use]
    pub fn new(maxsize: usize) -> Self {
        let store = Default::default();
        let room = Some(maxsize).filter(|maxsize| *maxsize > 0);
        Self {
            state: Lock::new(State { store, unfinished: 0, peak: 0, over: 0, is_shut_down: false }),
            items: Semaphore::new(0),
            // So many are never there: as good as no limit.
            room: room.map(|maxsize| Semaphore::new(maxsize.min(Semaphore::MAX_PERMITS))),
            finished: Gate::new(Label::new("queue")),
            maxsize,
            comparing: Comparing::new(),
        }
    }

    /// Puts an item; waits while there is no room.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and the item with it: it is not put.
    ///
    /// # Errors
    ///
    /// The future ends with the item once the queue is shut down.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion. It passes a panic of the item's `Ord` on, and
    /// panics if that uses the queue; the item is dropped then, and the queue as it was.
    pub fn put(&self, item: T) -> Put<'_, T, O> {
        Put::new(self, item)
    }

    /// Gets an item; waits while there is none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: an item that was promised
    /// to it goes to the next. An item that cannot be handed over, as the waker of a putter panics, is
    /// put back.
    ///
    /// # Errors
    ///
    /// The future ends with an error once the queue is shut down and empty.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn get(&self) -> Get<'_, T, O> {
        Get::new(self)
    }

    /// Waits until [`task_done`](Self::task_done) was called for each item that was put.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn join(&self) -> Join<'_> {
        // RACE: 1. A finds an item that is not done. 2. B does it, and finds no line. 3. A lines up,
        //       and sleeps for ever. So the number that A waits to pass is read with the count.
        let seen = self.with(|state| (state.unfinished > 0).then(|| self.finished.look().number()));
        Join::new(&self.finished, seen)
    }

    /// Parks the calling thread until the item is put.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// As for [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_channel::queue::Queue;
    ///
    /// let jobs: Queue<_> = Queue::new(2);
    /// jobs.blocking_put("card").expect("not shut down");
    /// assert_eq!(jobs.blocking_get(), Ok("card"));
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_put(&self, item: T) -> Result<(), error::QueueShutDown<T>> {
        selvedge_sync::raw::block::block_on(self.put(item))
    }

    /// Parks the calling thread until there is an item.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_get(&self) -> Result<T, error::QueueShutDown> {
        selvedge_sync::raw::block::block_on(self.get())
    }

    /// Puts an item, if there is room that nobody waits for.
    ///
    /// An item and its place change hands one after the other: while another thread is in the midst of
    /// a put or a get, it may be found full although a try to get would find it empty.
    ///
    /// # Errors
    ///
    /// The item, and why not.
    ///
    /// # Panics
    ///
    /// As for [`put`](Self::put).
    #[doc(alias = "try_put")]
    pub fn put_nowait(&self, item: T) -> Result<(), PutNowaitError<T>> {
        let room = match self.room.as_ref().map(Semaphore::try_acquire) {
            Some(Err(TryAcquireError::NoPermits)) => return Err(PutNowaitError::QueueFull(item)),
            Some(Err(TryAcquireError::Closed)) | None => None,
            Some(Ok(permit)) => Some(permit),
        };
        self.push(item, room).map_err(PutNowaitError::QueueShutDown)
    }

    /// Gets an item, if there is one that is promised to nobody.
    ///
    /// While another thread is in the midst of a put or a get, it may be found empty although
    /// [`put_nowait`](Self::put_nowait) would find it full.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    #[doc(alias = "try_get")]
    pub fn get_nowait(&self) -> Result<T, GetNowaitError> {
        match self.items.try_acquire() {
            Ok(permit) => self.pop(permit).ok_or(GetNowaitError::QueueShutDown),
            Err(TryAcquireError::NoPermits) => Err(GetNowaitError::QueueEmpty),
            Err(TryAcquireError::Closed) => self.pop_rest().ok_or(GetNowaitError::QueueShutDown),
        }
    }

    /// Says that an item that was got is done.
    ///
    /// # Errors
    ///
    /// If it was called for each item already.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        let has_line = self.with(|state| {
            state.unfinished = state.unfinished.checked_sub(1)?;
            Some(self.settle(state))
        });
        self.tell(has_line.ok_or(TaskDoneError(()))?);
        Ok(())
    }

    /// Takes no item any more. Those that wait for a place are sent away.
    ///
    /// Those that are there can still be got, and then whoever waits for an item is sent away as
    /// well; `immediate`ly they are thrown away, and count as done.
    pub fn shutdown(&self, immediate: bool) {
        let (_thrown_away, is_empty, has_line) = self.with(|state| {
            state.is_shut_down = true;
            let mut thrown_away = None;
            if immediate {
                let store = mem::take(&mut state.store);
                state.unfinished = state.unfinished.saturating_sub(store.len());
                thrown_away = Some(store);
            }
            let has_line = immediate && self.settle(state);
            (thrown_away, state.store.len() == 0, has_line)
        });
        // Other people's code, with nothing locked. Each step is done although the one before panics;
        // what was thrown away goes last.
        let _rest = Finally(|| self.tell(has_line));
        let _items = Finally(|| {
            if is_empty {
                self.items.close();
            }
        });
        if let Some(room) = &self.room {
            room.close();
        }
    }

    /// How many items there are.
    #[must_use]
    #[doc(alias = "len")]
    pub fn qsize(&self) -> usize {
        self.with(|state| state.store.len())
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there are as many items as there may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.qsize() >= self.maxsize
    }

    /// How many items there may be; 0 for no limit.
    #[must_use]
    pub const fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// Whether it was shut down.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.with(|state| state.is_shut_down)
    }

    /// What there is and who waits: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> QueueStatistics {
        let (getters, putters) =
            (self.items.waiters(), self.room.as_ref().map_or(0, Semaphore::waiters));
        let joiners = self.finished.waiters();
        self.with(|state| QueueStatistics {
            size: state.store.len(),
            maxsize: self.maxsize,
            peak: state.peak,
            unfinished: state.unfinished,
            getters,
            putters,
            joiners,
            is_shut_down: state.is_shut_down,
        })
    }

    /// Puts an item into the room that was taken for it; gives it back if it is too late.
    fn push(&self, item: T, room: Option<SemaphorePermit<'_>>) -> Result<(), T> {
        let item = self.with(|state| {
            if state.is_shut_down {
                return Some(item);
            }
            let _comparing =
                <O as sealed::Order<T>>::Store::COMPARES.then(|| self.comparing.begin());
            state.store.push(item);
            state.unfinished += 1;
            state.peak = state.peak.max(state.store.len());
            None
        });
        match item {
            // The room comes back by itself.
            Some(item) => Err(item),
            None => {
                if let Some(room) = room {
                    room.forget();
                }
                self.items.add_permits(1);
                Ok(())
            }
        }
    }

    /// Takes the item that was promised by `permit`; none if it was thrown away.
    fn pop(&self, permit: SemaphorePermit<'_>) -> Option<T> {
        permit.forget();
        let (item, is_over, has_place) = self.with(|state| {
            let item = state.store.pop();
            let has_place = item.is_some() && state.over == 0;
            if item.is_some() && !has_place {
                state.over -= 1;
            }
            (item, state.is_shut_down && state.store.len() == 0, has_place)
        });
        let mut unclaimed = Unclaimed { queue: self, item, has_given_place: !has_place };
        if is_over && !mutant!("queue: nobody is told of the last item") {
            self.items.close();
        }
        if let (Some(room), true) = (&self.room, has_place) {
            unclaimed.has_given_place = true;
            room.add_permits(1);
        }
        unclaimed.item.take()
    }

    /// Takes an item that was put back when nobody waited for one any more.
    #[cold]
    fn pop_rest(&self) -> Option<T> {
        self.with(|state| state.store.pop())
    }

    /// Puts an item back that nobody has got.
    #[cold]
    fn put_back(&self, item: T, has_given_place: bool) {
        self.with(|state| {
            let _comparing =
                <O as sealed::Order<T>>::Store::COMPARES.then(|| self.comparing.begin());
            state.store.put_back(item);
            if has_given_place {
                state.over += 1;
            }
        });
        self.items.add_permits(1);
    }

    /// Steps the gate if all is done. Whether there is a line to be told.
    fn settle<S>(&self, state: &State<S>) -> bool {
        state.unfinished == 0 && self.finished.step().has_line()
    }

    fn tell(&self, has_line: bool) {
        if has_line {
            self.finished.wake();
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut State<<O as sealed::Order<T>>::Store>) -> R) -> R {
        self.comparing.check();
        self.state.with(f)
    }
}

impl<T, O: Order<T>> Default for Queue<T, O> {
    /// Without a limit.
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T, O: Order<T>> fmt::Debug for Queue<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Queue")
            .field("size", &seen.size)
            .field("maxsize", &seen.maxsize)
            .field("unfinished", &seen.unfinished)
            .field("is_shut_down", &seen.is_shut_down)
            .finish_non_exhaustive()
    }
}
