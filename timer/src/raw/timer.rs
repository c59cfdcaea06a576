//! What a timer must do, and which one a thread uses.

use alloc::{boxed::Box, sync::Arc};
use core::{cell::RefCell, fmt, marker::PhantomData, task::Waker};
use std::{thread_local, time::Instant};

/// A source of time that wakes tasks.
///
/// The contract: a waker is woken once, when [`now`](Self::now) has reached its deadline and never
/// before; it is not cloned, woken or dropped while a lock of the timer's is held.
pub trait Timer {
    /// What time it is.
    fn now(&self) -> Instant;

    /// Wakes `waker` at `at`.
    ///
    /// # Errors
    ///
    /// If the timer cannot run; nothing is registered then.
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError>;

    /// Moves what `key` stands for to `at`, and wakes `waker` there instead. A key that has fired
    /// is registered anew.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError>;

    /// Forgets what `key` stands for. Wakes nobody.
    fn cancel(&self, key: Key);
}

/// A deadline that was registered with a [`Timer`].
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The deadline.
    pub at: Instant,
    /// Tells equal deadlines apart, in order of creation.
    pub number: u64,
}

/// The timer cannot run: its thread could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerError;

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer's thread cannot be started")
    }
}

impl core::error::Error for TimerError {}

macro_rules! forward {
    ($($handle:ty),*) => {$(
        impl<T: Timer + ?Sized> Timer for $handle {
            fn now(&self) -> Instant {
                (**self).now()
            }

            fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
                (**self).register(at, waker)
            }

            fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError> {
                (**self).update(key, at, waker)
            }

            fn cancel(&self, key: Key) {
                (**self).cancel(key);
            }
        }
    )*};
}
forward!(&T, Arc<T>, Box<T>);

/// A timer that a thread can use and a future can keep.
pub type Shared = Arc<dyn Timer + Send + Sync>;

thread_local! {
    static CURRENT: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// The calling thread's current timer.
///
/// # Panics
///
/// If none was entered and there is no default: without the feature `thread`.
#[must_use]
pub fn current() -> Shared {
    CURRENT.with(|current| current.borrow().clone()).unwrap_or_else(default)
}

#[cfg(feature = "thread")]
fn default() -> Shared {
    super::thread::shared()
}

#[cfg(not(feature = "thread"))]
#[track_caller]
fn default() -> Shared {
    panic!("no timer was entered on this thread, and the feature `thread` is off")
}

/// Makes `timer` the calling thread's current one until the guard goes.
///
/// Guards go in the reverse order of their making.
#[must_use = "the timer is current only while the guard lives"]
pub fn enter(timer: Arc<dyn Timer + Send + Sync>) -> Entered {
    let before = CURRENT.with(|current| current.replace(Some(timer)));
    Entered { before, _on_this_thread: PhantomData }
}

/// Keeps a timer current on this thread ([`enter`]).
pub struct Entered {
    before: Option<Shared>,
    _on_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        drop(CURRENT.with(|current| current.replace(before)));
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}
