//! A mutex whose guard may be held across an `.await`.
//!
//! What it promises is here. How it keeps that, with the picture of its state, is in
//! `mutex/turns.rs`; the guards are in `mutex/guards.rs`.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    TryLockError,
    raw::{
        guard::{Lends, Value},
        line::{Primitive, Turn, Wait},
        shim::const_in_build,
    },
};

pub use self::guards::{MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
pub(crate) use self::turns::Alone;
use self::turns::{Core, PATIENCE};

mod guards;
mod turns;

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
    #[track_caller]
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
    #[track_caller]
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
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        crate::raw::block::block_on(self.lock())
    }

    /// As [`blocking_lock`](Self::blocking_lock), and keeps the mutex alive for as long as the
    /// guard lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::Arc, thread};
    ///
    /// use selvedge_sync::Mutex;
    ///
    /// let count = Arc::new(Mutex::new(0));
    /// let theirs = count.clone();
    /// thread::spawn(move || *theirs.blocking_lock_owned() += 1).join().unwrap();
    /// assert_eq!(*count.blocking_lock(), 1);
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "lock_arc_blocking")]
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        crate::raw::block::block_on(self.lock_owned())
    }

    /// Takes the mutex if it is free and the line may be overtaken.
    ///
    /// # Errors
    ///
    /// If the mutex is held, or owed to a task in line ([fairness](Self#fairness)).
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let turn = Turn::try_take(self, Alone).map_err(|_| TryLockError(()))?;
        Ok(MutexGuard::new(turn))
    }

    /// As [`try_lock`](Self::try_lock), and keeps the mutex alive for as long as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_lock`](Self::try_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::{Mutex, MutexGuard, OwnedMutexGuard};
    ///
    /// let pair = Arc::new(Mutex::const_new((1, Some(2))));
    /// let guard = pair.clone().try_lock_owned()?;
    /// assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &pair));
    /// // A part that may be missing: else the guard comes back.
    /// let part = OwnedMutexGuard::try_map(guard, |pair| pair.1.as_mut()).expect("it is there");
    /// assert_eq!(*part, 2);
    /// drop(part);
    ///
    /// let guard = pair.try_lock()?;
    /// assert!(std::ptr::eq(MutexGuard::mutex(&guard), &*pair));
    /// assert!(MutexGuard::try_map(guard, |pair| (pair.0 > 5).then_some(&mut pair.0)).is_err());
    /// # Ok::<(), selvedge_sync::TryLockError>(())
    /// ```
    #[doc(alias = "try_lock_arc")]
    #[inline]
    #[track_caller]
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
        let (locked, waiting) = self.core.look();
        MutexStatistics { locked, waiting }
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

// SAFETY: `core` is a field.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T: ?Sized> Primitive for Mutex<T> {
    type Core = Core;

    #[inline(always)]
    fn core(&self) -> &Core {
        &self.core
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
