//! A mutex whose guard may be held across an `.await`.
//!
//! # State
//!
//! One word, changed by whoever gets there first. The line behind it ([`Line`]) has a lock of its
//! own.
//!
//! ```text
//!   31                       3        2         1         0
//! ┌───────────────────────────┬──────────┬──────────┬──────────┐
//! │         overtaken         │  CALLED  │ WAITERS  │  LOCKED  │
//! └───────────────────────────┴──────────┴──────────┴──────────┘
//! ```
//!
//! | `CALLED` | `WAITERS` | `LOCKED` | meaning                                                     |
//! |:--------:|:---------:|:--------:|-------------------------------------------------------------|
//! |    0     |     0     |    0     | free                                                        |
//! |    0     |     0     |    1     | held, nobody in line                                        |
//! |    0     |     1     |    1     | held; the next release calls the head, or hands over        |
//! |    1     |     1     |    0     | free; the head has been called and has not looked yet       |
//! |    1     |     1     |    1     | held by somebody who overtook the called head               |
//! |    0     |     1     |    0     | never: a release with waiters calls the head or hands over  |
//! |    1     |     0     |    –     | never: who is called is in line                             |
//!
//! `overtaken` counts, since a waiter last got the mutex, who took it past the line, and the times
//! that the called head looked in vain. Once it reaches the mutex's patience, the next release
//! *hands over*: `LOCKED` stays, and is the head's.
//!
//! Invariants:
//! 1. `WAITERS` is set exactly while somebody is in line, and changes with the line locked only.
//! 2. `CALLED` is set exactly while the head's node is `CALLED`, and changes with the line locked
//!    only.
//! 3. `LOCKED` is cleared only by the holder, and while it is set and the line is locked nobody but
//!    the holder changes the word.
//! 4. While the mutex is free, `overtaken` is below the patience, or 0.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    TryLockError,
    raw::{
        guard::{Lending, Lends, Value, mode},
        line::{Answer, Line, Place, Primitive, Queue, Turn, Turns, Wait},
        shim::{Label, Track, atomic::AtomicU32, const_in_build, mutant, op},
        wakers::{Wake, WakeList},
    },
};

pub use self::guards::{MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

mod guards;

const LOCKED: u32 = 0b001;
const WAITERS: u32 = 0b010;
const CALLED: u32 = 0b100;
/// One overtaking.
const ONE: u32 = 0b1000;

/// How often a line may be overtaken in a row before the mutex is handed to its head. In a model
/// twice, so that it comes to that.
///
/// Measured with 8, 16, 32, 64 and 128: 64 is some 6 to 9 % faster than 32 for short critical
/// sections on two workers, and level with an await inside; at 128 the longest wait more than
/// doubles. Eight was clearly slower.
const PATIENCE: u32 = if cfg!(selvedge_loom) { 2 } else { 32 };
/// What a look in vain counts, in overtakings: after four of them the head is owed the mutex.
const IN_VAIN: u32 = PATIENCE.div_ceil(4);

/// Mutual exclusion between tasks: the guard may be held across an `.await`.
///
/// For a critical section without an `.await` in it, [`std::sync::Mutex`] is the faster choice.
///
/// [`std::sync::Mutex`]: https://doc.rust-lang.org/std/sync/struct.Mutex.html
///
/// # Fairness
///
/// Tasks that have to wait stand in line, in the order of their first poll. A running task may
/// take a free mutex past the line, which keeps short critical sections fast, but at most 32 times
/// in a row: then the mutex is handed to the head of the line. Who was called and found it taken
/// again is handed it sooner, after the fourth time. So every wait is bounded.
/// [`Mutex::fair`] hands over in strict order instead.
///
/// # Memory ordering
///
/// Whoever gets the mutex sees everything that happened before it was last given back.
///
/// # Panics in a critical section
///
/// A guard that is dropped by a panic gives the mutex back. There is no poisoning.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Mutex;
///
/// static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());
///
/// LOG.lock().await.push("woven");
/// assert_eq!(*LOG.lock().await, ["woven"]);
/// # });
/// ```
#[doc(alias = "asyncio.Lock")]
pub struct Mutex<T: ?Sized> {
    core: Core,
    value: Value<T>,
}

/// All of a mutex but its value.
pub struct Core {
    state: AtomicU32,
    /// How often the line may be overtaken in a row: [`PATIENCE`], or 0.
    patience: u32,
    line: Line<()>,
    track: Track,
    label: Label,
}

impl<T> Mutex<T> {
    const_in_build! {
        /// A free mutex around `value`.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { core: Core::new(PATIENCE), value: Value::new(value) }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self::new(value)
        }
    }

    const_in_build! {
        /// A free mutex that is handed over strictly in order.
        ///
        /// Nobody overtakes a task that waits, [`try_lock`](Self::try_lock) included. It is the
        /// better choice if critical sections hold an `.await`, and slower where they are short
        /// and contended.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::{future::Future, pin::pin, task::{Context, Waker}};
        ///
        /// use selvedge_sync::Mutex;
        ///
        /// let mutex = Mutex::fair("thread");
        /// let guard = mutex.try_lock()?;
        /// let mut next = pin!(mutex.lock());
        /// assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        ///
        /// drop(guard); // handed over, though `next` has not run yet
        /// assert!(mutex.try_lock().is_err());
        /// # Ok::<(), selvedge_sync::TryLockError>(())
        /// ```
        #[must_use]
        pub fn fair(value: T) -> Self {
            Self { core: Core::new(0), value: Value::new(value) }
        }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the mutex.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: if the mutex was already
    /// on its way to it, the next task in line gets it.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_sync::Mutex;
    ///
    /// let shuttle = Mutex::new(0);
    /// {
    ///     let mut passes = shuttle.lock().await;
    ///     *passes += 1;
    /// } // given back here
    /// assert_eq!(shuttle.into_inner(), 1);
    /// # });
    /// ```
    #[doc(alias = "acquire")]
    #[inline]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock { wait: Wait::new(self, Alone) }
    }

    /// Waits for the mutex, and keeps it alive for as long as the guard lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock`](Self::lock).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::Mutex;
    ///
    /// let guard = Arc::new(Mutex::new("warp")).lock_owned().await;
    /// let handle = std::thread::spawn(move || guard.len());
    /// assert_eq!(handle.join().unwrap(), 4);
    /// # });
    /// ```
    #[doc(alias = "lock_arc")]
    #[inline]
    pub fn lock_owned(self: Arc<Self>) -> LockOwned<T> {
        LockOwned { wait: Wait::new(self, Alone) }
    }

    /// Parks the calling thread until it has the mutex.
    ///
    /// It asks for no runtime and minds none, but it does block the thread: a task that waits here
    /// keeps its executor from running others.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::Mutex;
    ///
    /// let mutex = Mutex::new(1);
    /// *mutex.blocking_lock() += 1;
    /// assert_eq!(*mutex.blocking_lock(), 2);
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "lock_blocking")]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        crate::raw::block::block_on(self.lock())
    }

    /// As [`blocking_lock`](Self::blocking_lock), and keeps the mutex alive for as long as the
    /// guard lives.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "lock_arc_blocking")]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        crate::raw::block::block_on(self.lock_owned())
    }

    /// Takes the mutex if it is free and the line may be overtaken.
    ///
    /// # Errors
    ///
    /// If the mutex is held, or owed to a task in line ([fairness](Self#fairness)).
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let turn = Turn::try_take(self, Alone).map_err(|_| TryLockError(()))?;
        Ok(MutexGuard::new(turn))
    }

    /// As [`try_lock`](Self::try_lock), and keeps the mutex alive for as long as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_lock`](Self::try_lock).
    #[doc(alias = "try_lock_arc")]
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        let turn = Turn::try_take(self, Alone).map_err(|_| TryLockError(()))?;
        Ok(OwnedMutexGuard::new(turn))
    }

    /// The value, without a lock: `&mut self` shows that nobody holds it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Whether it is held, and how many wait: a look that is old by the time it returns.
    ///
    /// # Examples
    ///
    /// ```
    /// let mutex = selvedge_sync::Mutex::new(());
    /// let _guard = mutex.try_lock()?;
    /// assert!(mutex.statistics().locked);
    /// assert_eq!(mutex.statistics().waiting, 0);
    /// # Ok::<(), selvedge_sync::TryLockError>(())
    /// ```
    #[must_use]
    pub fn statistics(&self) -> MutexStatistics {
        self.core.line.with(|queue| MutexStatistics {
            locked: self.core.state.load(Relaxed) & LOCKED != 0,
            waiting: queue.len(),
        })
    }
}

/// What [`Mutex::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MutexStatistics {
    /// Whether it was held.
    pub locked: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

mode! {
    /// The one way to hold a mutex.
    Alone: Writing writing true, () => ()
}

impl Core {
    const_in_build! {
        fn new(patience: u32) -> Self {
            Self {
                state: AtomicU32::new(0),
                patience,
                line: Line::new(),
                track: Track::new(),
                label: Label::new("mutex"),
            }
        }
    }

    /// Whether somebody who is not called may take the mutex now.
    #[inline]
    fn is_open(&self, state: u32) -> bool {
        state & LOCKED == 0 && (state & WAITERS == 0 || state / ONE < self.patience)
    }

    /// The state after somebody who is not called has taken the mutex.
    #[inline]
    fn overtaken(state: u32) -> u32 {
        if state & WAITERS == 0 { state | LOCKED } else { (state | LOCKED) + ONE }
    }

    /// Takes a free mutex past the line.
    #[cold]
    #[inline(never)]
    fn overtake(&self) -> Answer<()> {
        let mut state = self.state.load(Relaxed);
        while self.is_open(state) {
            // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
            match self.state.compare_exchange_weak(state, Self::overtaken(state), Acquire, Relaxed)
            {
                Ok(_) => return Answer::Granted(()),
                Err(now) => state = now,
            }
        }
        Answer::Wait
    }

    /// Gives the mutex back when somebody is, or was, in line.
    #[cold]
    #[inline(never)]
    fn release(&self) {
        let mut state = self.state.load(Relaxed);
        // Nobody to call: the line is empty, or its head is called and owed nothing yet.
        while state & WAITERS == 0 || (state & CALLED != 0 && state / ONE < self.patience) {
            // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`.
            match self.state.compare_exchange_weak(state, state & !LOCKED, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        self.line.with(|queue| self.pass_on(queue)).wake();
    }

    /// Hands the mutex over, or opens it and calls the head.
    fn pass_on(&self, queue: &mut Queue<()>) -> Wake {
        // Nobody else changes the word from here on (invariant 3).
        let state = self.state.load(Relaxed);
        let (next, wake) = if queue.is_empty() {
            (0, Wake::NOBODY)
        } else if state / ONE >= self.patience {
            op!(self.label, "hands over");
            let wake = queue.grant(());
            (LOCKED | if queue.is_empty() { 0 } else { WAITERS }, wake)
        } else if state & CALLED != 0 {
            (state & !LOCKED, Wake::NOBODY)
        } else {
            op!(self.label, "calls the head");
            ((state & !LOCKED) | CALLED, queue.call())
        };
        // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`. A hand
        // over is ordered by the node it goes to.
        self.state.store(next, Release);
        wake
    }
}

impl Turns for Core {
    type Ask = ();

    #[inline(always)]
    fn line(&self) -> &Line<()> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, (): ()) -> Answer<()> {
        // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
        match self.state.compare_exchange(0, LOCKED, Acquire, Relaxed) {
            Ok(_) => Answer::Granted(()),
            Err(_) => self.overtake(),
        }
    }

    fn admit(&self, (): (), place: Place, queue: &Queue<()>) -> Answer<()> {
        let mut state = self.state.load(Relaxed);
        loop {
            let (next, answer) = match place {
                Place::New if self.is_open(state) => (Self::overtaken(state), Answer::Granted(())),
                // RACE: 1. A finds the mutex held. 2. B gives it back, sees no waiters. 3. A lines
                //       up, and sleeps for ever. So A notes itself while `LOCKED` is still set.
                Place::New => (state | WAITERS, Answer::Wait),
                Place::Head if state & LOCKED == 0 => {
                    let waiters = if queue.has_second() { WAITERS } else { 0 };
                    (LOCKED | waiters, Answer::Granted(()))
                }
                Place::Head => ((state & !CALLED) + IN_VAIN * ONE, Answer::Wait),
            };
            // ORDERING: Acquire pairs with the Releases in `give_back` and `release`.
            match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => return answer,
                Err(now) => state = now,
            }
        }
    }

    #[inline(always)]
    fn give_back(&self, (): ()) {
        // ORDERING: Release pairs with the Acquires in `try_take`, `overtake` and `admit`.
        if self.state.compare_exchange(LOCKED, 0, Release, Relaxed).is_err() {
            self.release();
        }
    }

    fn left(&self, called: bool, queue: &mut Queue<()>, wakes: &mut WakeList) -> bool {
        let mut state = self.state.load(Relaxed);
        loop {
            // Whoever was called and leaves passes the call on, if the mutex is still free. If not,
            // its holder calls the new head.
            let free = state & LOCKED == 0;
            let next = match called {
                _ if queue.is_empty() => state & LOCKED,
                true if !free => state & !CALLED,
                _ => state,
            };
            match self.state.compare_exchange_weak(state, next, Relaxed, Relaxed) {
                Ok(_) if called && free && !mutant!("a call is not passed on") => {
                    wakes.push(queue.call());
                    return false;
                }
                Ok(_) => return false,
                Err(now) => state = now,
            }
        }
    }
}

impl Lending for Core {
    #[inline(always)]
    fn track(&self) -> &Track {
        &self.track
    }
}

// SAFETY: `core` is a field.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T: ?Sized> Primitive for Mutex<T> {
    type Core = Core;

    #[inline(always)]
    fn core(&self) -> &Core {
        &self.core
    }
}

// SAFETY: as above.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Core {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

// SAFETY: `value` is a field. A turn is out exactly while `LOCKED` is set, and who sets it finds it
// clear (the table of states), so there is one at a time.
#[expect(unsafe_code, reason = "promises that turns exclude each other")]
unsafe impl<T: ?Sized> Lends for Mutex<T> {
    type Value = T;

    #[inline(always)]
    fn value(&self) -> &Value<T> {
        &self.value
    }
}

// SAFETY: the value goes along with the mutex, and nothing else in it minds the thread.
#[expect(unsafe_code, reason = "the value is behind a cell")]
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: sharing the mutex lends the value to one task at a time, on whichever thread.
#[expect(unsafe_code, reason = "the value is behind a cell")]
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

pin_project! {
    /// The future of [`Mutex::lock`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Lock<'a, T: ?Sized> {
        #[pin]
        wait: Wait<&'a Mutex<T>, Alone>,
    }
}

pin_project! {
    /// The future of [`Mutex::lock_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct LockOwned<T: ?Sized> {
        #[pin]
        wait: Wait<Arc<Mutex<T>>, Alone>,
    }
}

impl<'a, T: ?Sized> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<MutexGuard<'a, T>> {
        let turn = ready!(self.project().wait.poll_turn(cx)).expect("a mutex is never closed");
        Poll::Ready(MutexGuard::new(turn))
    }
}

impl<T: ?Sized> Future for LockOwned<T> {
    type Output = OwnedMutexGuard<T>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OwnedMutexGuard<T>> {
        let turn = ready!(self.project().wait.poll_turn(cx)).expect("a mutex is never closed");
        Poll::Ready(OwnedMutexGuard::new(turn))
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    /// Shows the value, or `<locked>`; a mutex that is free is held meanwhile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => out.field("data", &&*guard),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        out.finish()
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("state", &self.state.load(Relaxed)).finish_non_exhaustive()
    }
}

impl<T: ?Sized> fmt::Debug for Lock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

impl<T: ?Sized> fmt::Debug for LockOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockOwned").finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
